//! The report in a browser.

use crate::sandbox::Sandbox;
use crate::skip::skip;
use std::process::Command;

/// The page forbids itself every request, so one that it made all the same would be an error on the console.
#[test]
fn the_report_has_no_error_and_asks_for_nothing_in_chromium() {
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    let starts = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|o| o.status.success());
    let Some(browser) = browsers.into_iter().find(|name| starts(name)) else {
        return skip("there is no Chromium");
    };
    let sandbox = Sandbox::new();
    sandbox.train("run", "");
    let page = String::from_utf8(sandbox.read("run/report.html")).expect("UTF-8");
    assert!(page.contains(
        "\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\""
    ));
    for (picture, scheme, size) in
        [("light.png", "1", "1200,2000"), ("dark.png", "0", "1200,2000"), ("phone.png", "1", "500,2000")]
    {
        let output = Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"])
            .arg(format!("--user-data-dir={}", sandbox.path("browser").display()))
            .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
            .arg(format!("--window-size={size}"))
            .arg(format!("--screenshot={}", sandbox.path(picture).display()))
            .arg(format!("file://{}", sandbox.path("run/report.html").display()))
            .output()
            .expect("the browser starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("CONSOLE"), "{said}");
        let shot = image::open(sandbox.path(picture)).expect("a screenshot").into_rgb8();
        let [red, green, blue] = shot.get_pixel(2, 2).0;
        let bright = u32::from(red) + u32::from(green) + u32::from(blue) > 384;
        assert_eq!(bright, scheme == "1", "{picture}: the paper is {red} {green} {blue}");
    }
}

/// What follows each `<tag` of the page up to its `>`.
fn opened<'a>(page: &'a str, tag: &str) -> Vec<&'a str> {
    let tag = format!("<{tag}");
    let of_tag = |part: &&str| part.starts_with([' ', '>']);
    page.split(&tag).skip(1).filter(of_tag).map(|part| part.split('>').next().unwrap_or_default()).collect()
}

/// What screen readers say of pictures, tables and charts; tables are told apart, and headings go down by one.
#[test]
fn every_part_of_the_report_has_a_name() {
    let sandbox = Sandbox::new();
    sandbox.train("run", "");
    let page = String::from_utf8(sandbox.read("run/report.html")).expect("UTF-8");
    for (tag, name) in [("table", "aria-label=\""), ("svg", "aria-label=\""), ("img", "alt=\"")] {
        let parts = opened(&page, tag);
        assert!(!parts.is_empty(), "the page has no <{tag}>");
        let nameless = |part: &&&str| !part.contains(name) || part.contains(&format!("{name}\""));
        let nameless: Vec<_> = parts.iter().filter(nameless).collect();
        assert!(nameless.is_empty(), "<{tag}> without {name}: {nameless:?}");
    }
    let mut tables = opened(&page, "table");
    let count = tables.len();
    tables.sort_unstable();
    tables.dedup();
    assert_eq!(tables.len(), count, "tables of the same name: {tables:?}");
    let heading = |part: &str| part.chars().next().and_then(|level| level.to_digit(10));
    let levels: Vec<u32> = page.split("<h").skip(1).filter_map(heading).collect();
    assert!(levels.len() > 3 && levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
}
