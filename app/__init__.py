"""Run Registry Desktop: data certification of the CMS experiment."""
