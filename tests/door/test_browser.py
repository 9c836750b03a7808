"""The site in Debian's chromium: keyboard, phone, light and dark."""

import shutil
from datetime import date
from urllib.parse import quote

import pytest
from selenium import webdriver

from app.services.acting import Acting
from app.services.certification import cycles
from tests.builders import EXPERT
from tests.door.serving import serving
from tests.door.site_pages import NASTY, certified, flag_bad, make_official
from tests.services.offline_runs import FIRST, PROMPT

_BROWSER, _DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = pytest.mark.skipif(
    not (_BROWSER and _DRIVER), reason="Debian's packages chromium and chromium-driver are missing"
)

DATASET = f"/browse/runs/{FIRST}/dataset?name={quote(PROMPT, safe='')}"
PAGES = (
    "/",
    "/browse/runs",
    "/browse/runs?filter=nonsense+%3D+1",
    f"/browse/runs/{FIRST}",
    DATASET,
    "/browse/cycles",
    "/golden",
    "/golden/2",
    "/nothing",
)
PHONE, DESK = (360, 740), (1280, 800)

# Contrast (WCAG 2) of each piece of text with what is painted behind it.
CONTRAST = """
const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const parse = text => text.match(/[\\d.]+/g).map(Number);
const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
const behind = node => {
  for (; node; node = node.parentElement) {
    const c = parse(getComputedStyle(node).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c;
  }
  return [255, 255, 255];
};
document.querySelectorAll("details").forEach(each => each.open = true);
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || node.closest("svg")) continue;
  const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))];
  found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), walker.currentNode.data.trim()]);
}
return found;
"""

OVERFLOW = """
// A phone shows a page that is too wide from further away: its window is wider then.
const screen = arguments[0];
const wide = Math.max(0, document.documentElement.scrollWidth - screen);
const cut = [...document.querySelectorAll("h1, h2, p, a, dd, dt, th, td, li, button, label")]
  .filter(each => each.getClientRects().length)
  .filter(each => !each.closest(".wide, .skip, details:not([open])"))
  .filter(each => each.getBoundingClientRect().right > screen + 1)
  .map(each => each.textContent.trim().slice(0, 40));
return [wide, cut];
"""


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = _BROWSER
    for each in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(each)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(_DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def site(server, template, browser):
    with server.opened(template) as database:
        certified(database)
        make_official(database)
        flag_bad(database, f"HV trip {NASTY}")
        make_official(database, f"after the trip of {'a very long name ' * 5}")
        cycles.create(
            Acting(database, EXPERT), "week 1", date(2026, 1, 31), ["dt"], [(FIRST, PROMPT)]
        )
        with serving(Acting(database)) as served:
            yield served.url
            # Its connections end before the door does.
            browser.get("about:blank")


def look(browser, size=DESK, scheme="light") -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE},
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )


def press(browser, *keys: str) -> None:
    for key in keys:
        webdriver.ActionChains(browser).send_keys(key).perform()


def focused(browser, script: str = "return document.activeElement.textContent.trim()"):
    return browser.execute_script(script)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_that_every_text_stands_out_from_what_is_behind_it(browser, site, path, scheme):
    look(browser, scheme=scheme)
    browser.get(site + path)

    found = browser.execute_script(CONTRAST)
    background = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert len(found) > 5
    assert not [each for each in found if each[0] < 4.5]
    assert (background == "rgb(20, 23, 27)") == (scheme == "dark")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("size", [PHONE, DESK])
def test_that_a_page_fits_its_screen(browser, site, path, size):
    look(browser, size)
    browser.get(site + path)

    assert browser.execute_script(OVERFLOW, size[0]) == [0, []]


def test_that_a_cycle_fits_a_phone_with_all_workspaces_of_cms(browser, site):
    look(browser, PHONE)
    browser.get(site + "/browse/cycles")
    # CMS has a dozen workspaces; here there is one.
    browser.execute_script(
        "const cell = document.querySelector('.pair').parentElement;"
        "for (let i = 0; i < 11; i++) cell.append(' ', cell.firstElementChild.cloneNode(true));"
    )
    assert browser.execute_script("return document.querySelector('tbody tr').offsetHeight") < 400


@pytest.mark.parametrize("path", PAGES)
def test_that_the_browser_finds_nothing_to_complain_of(browser, site, path):
    browser.get_log("browser")
    browser.get(site + path)

    wrong = [each["message"] for each in browser.get_log("browser")]
    told = ("a status of 400", "a status of 404")
    assert not [each for each in wrong if not any(status in each for status in told)]
    assert browser.execute_script("return document.styleSheets.length") == 1
    elsewhere = browser.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name)"
    )
    assert all(each.startswith(site) for each in elsewhere)


@pytest.mark.parametrize("path", PAGES)
def test_that_a_page_is_told_to_whoever_can_t_see_it(browser, site, path):
    browser.get(site + path)

    levels = browser.execute_script(
        "return [...document.querySelectorAll('h1,h2,h3')].map(e => +e.tagName[1])"
    )
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert browser.execute_script(
        "return [...document.querySelectorAll('svg[role=img]')].every(e =>"
        " e.getAttribute('aria-label') && e.querySelector('desc, title'))"
    )
    assert browser.execute_script(
        "return [...document.querySelectorAll('input')].every(e => e.labels.length)"
    )
    assert browser.execute_script(
        "return [...document.querySelectorAll('.wide')].every(e =>"
        " e.tabIndex === 0 && e.getAttribute('aria-label'))"
    )
    ids = browser.execute_script("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_that_the_keyboard_skips_to_the_content_and_reaches_a_run(browser, site):
    look(browser)
    browser.get(f"{site}/browse/runs")
    keys = webdriver.Keys

    press(browser, keys.TAB)
    assert focused(browser) == "Skip to the content"
    left = "return document.activeElement.getBoundingClientRect().left"
    assert focused(browser, left) >= 0
    press(browser, keys.ENTER)
    assert focused(browser, "return document.activeElement.id") == "content"
    for _ in range(12):
        press(browser, keys.TAB)
        if focused(browser) == str(FIRST):
            break
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert focused(browser, outline) == "solid"
    press(browser, keys.ENTER)
    assert browser.current_url == f"{site}/browse/runs/{FIRST}"


def test_that_a_filter_is_typed_and_shown_with_the_keyboard_alone(browser, site):
    look(browser, PHONE)
    browser.get(f"{site}/")
    field = browser.find_element("id", "filter")
    field.send_keys(f"run = {FIRST}", webdriver.Keys.ENTER)

    rows = browser.find_elements("css selector", "tbody th")
    assert [each.text for each in rows] == [str(FIRST)]
    assert browser.find_element("id", "filter").get_attribute("value") == f"run = {FIRST}"


def test_that_a_range_is_where_the_axis_says_and_tells_what_it_is(browser, site):
    look(browser)
    browser.get(site + DATASET)

    found = browser.execute_script(
        """
        const strip = [...document.querySelectorAll("svg")].find(
          e => (e.getAttribute("aria-label") || "").startsWith("dt-dt:"));
        const whole = strip.getBoundingClientRect();
        const bad = strip.querySelector("rect.bad");
        const part = bad.getBoundingClientRect();
        return [(part.left - whole.left) / whole.width, part.width / whole.width,
                bad.querySelector("title").textContent, getComputedStyle(bad).fill];
        """
    )
    assert found[0] == pytest.approx(0.2, abs=0.01)
    assert found[1] == pytest.approx(0.3, abs=0.01)
    assert found[2] == f"LS 3-5: BAD, HV trip {NASTY}"
    assert found[3] == "rgb(196, 22, 31)"


def test_that_nothing_that_people_wrote_runs(browser, site):
    for path in (DATASET, "/golden/2", f"/browse/runs?filter={quote(NASTY)}"):
        browser.get(site + path)
        assert not browser.find_elements("css selector", "script, img")
        assert "alert" in browser.page_source or "golden" in path
