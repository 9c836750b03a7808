"""Whether a list is what the events say: reproduced, compared, confirmed."""
