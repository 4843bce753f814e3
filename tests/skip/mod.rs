//! What tests say that cannot run here.

use std::fmt::Display;
use std::io::Write as _;

/// Says on the real stderr, which the test harness does not hold back, that a test is skipped, or a part of it.
pub fn skip(reason: impl Display) {
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    writeln!(std::io::stderr(), "skipped: {name}: {reason}").ok();
}
