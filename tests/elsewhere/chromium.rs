//! The report in a browser.

use crate::python::skip;
use crate::sandbox::Sandbox;
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
