//! What commands print: text for people, or one JSON object a line.

use super::terminal::{columns, wrapped_to};
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::Write as _;
use std::sync::Mutex;

/// Where results go.
pub struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    pub fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// Whether results are printed as JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether what says how work goes on is shown: neither under `--quiet` nor under `--json`.
    pub fn remarks(&self) -> bool {
        !self.quiet && !self.json
    }

    /// As [`Output::text`], for what says how work goes on; nothing under `--quiet`.
    pub fn remark(&self, text: impl std::fmt::Display) -> anyhow::Result<()> {
        if self.quiet { Ok(()) } else { self.text(text) }
    }

    /// A line (or several) for people; nothing under `--json`.
    pub fn text(&self, text: impl std::fmt::Display) -> anyhow::Result<()> {
        if self.json { Ok(()) } else { write_line(&fitted(&text.to_string())) }
    }

    /// As [`Output::remark`], from within the library's work.
    pub fn remark_on(&self, text: impl std::fmt::Display) -> dann::error::Result<()> {
        self.remark(text).map_err(|e| dann::error::Error::Observer(e.into()))
    }

    /// As [`Output::json`], from within the library's work.
    pub fn json_on(&self, value: &impl Serialize) -> dann::error::Result<()> {
        self.json(value).map_err(|e| dann::error::Error::Observer(e.into()))
    }

    /// A JSON object on a line; nothing without `--json`.
    pub fn json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        if self.json { write_line(&serde_json::to_string(value)?) } else { Ok(()) }
    }
}

fn write_line(text: &str) -> anyhow::Result<()> {
    print(&format!("{text}\n"))
}

/// Prints `text` as it is. Whoever closes stdout early (`dann … | head -1`) has seen enough; the work itself goes
/// on, so that a run is finished all the same.
pub fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// `text` with each line as wide as the terminal that it is shown on, if it is shown on one.
fn fitted(text: &str) -> String {
    let Some(columns) = columns() else { return text.to_owned() };
    text.split('\n').map(|line| wrapped_to(line, columns.into())).collect::<Vec<_>>().join("\n")
}

/// `text` in lines of at most 80 columns, those after the first indented, broken between words alone.
pub fn wrapped(text: &str) -> String {
    wrapped_to(text, 80)
}

/// A plain table; numbers stand to the right. On a terminal that is too narrow, long cells have several lines.
pub fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(header);
    for row in rows {
        table.add_row(row.map(|text| match is_number(&text) {
            true => Cell::new(text).set_alignment(CellAlignment::Right),
            false => Cell::new(text),
        }));
    }
    match columns() {
        Some(columns) => within_columns(table, columns),
        None => table,
    }
}

/// The table in 100 columns at most: long cells have several lines.
pub fn within(table: Table) -> Table {
    within_columns(table, columns().map_or(100, |columns| columns.min(100)))
}

/// The table in so many columns at most.
pub fn within_columns(mut table: Table, columns: u16) -> Table {
    let is_too_wide = |line: String| line.chars().count() > columns.into();
    if table.lines().any(is_too_wide) {
        // A heading that is one long word has another place to be broken at than within a part of it.
        let header = table.header().map(|row| row.cell_iter().map(|cell| cell.content().replace('-', "-\n")));
        let header: Option<Vec<String>> = header.map(Iterator::collect);
        header.map(|header| table.set_header(header));
    }
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
    table
}

/// Whether a cell holds a number, with or without a unit behind it, or stands for one.
fn is_number(text: &str) -> bool {
    let number = text.split_whitespace().next().unwrap_or_default();
    ["n/a", "–", "unknown"].contains(&number) || number.parse::<f64>().is_ok()
}

/// `0.8123` as `81.23 %`.
pub fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// As [`percent`]; `n/a` where there is nothing to tell.
pub fn share(share: Option<f64>) -> String {
    share.map_or("n/a".into(), percent)
}

/// A progress bar on stderr; silent when stderr is no terminal, and under `--quiet`, which leaves no log but errors.
pub fn bar(total: u64, template: &str) -> ProgressBar {
    if log::max_level() <= log::LevelFilter::Error {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style)
}

/// Progress of the data commands.
#[derive(Default)]
pub struct Bars {
    current: Mutex<Option<ProgressBar>>,
}

impl Bars {
    fn with(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        act(&mut self.current.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

impl dann::data::Progress for Bars {
    fn start(&self, what: &str, total: Option<u64>) {
        let next = match total {
            Some(total) => bar(total, "{msg:32} [{wide_bar}] {percent:>3} % {eta:>4}"),
            None => bar(0, "{msg} {spinner}"),
        };
        next.set_message(what.to_owned());
        self.with(|current| *current = Some(next));
    }

    fn advance(&self, by: u64) {
        self.with(|current| current.iter().for_each(|bar| bar.inc(by)));
    }

    fn finish(&self) {
        self.with(|current| current.take().iter().for_each(|bar| bar.finish_and_clear()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_broken_between_words_alone() {
        let header = [
            "step",
            "domain-risk",
            "target-entropy",
            "information",
            "weighted-risk",
            "proxy-distance",
            "target test (report only)",
        ];
        let row =
            ["12345", "0.1234 *", "0.1234", "1.1234", "0.1234", "1.1234 *", "70.12 %"].map(str::to_owned);
        let whole = table(header, [row.clone()]).to_string();
        assert!(whole.contains("proxy-distance"), "{whole}");
        let narrow = within_columns(table(header, [row]), 80).to_string();
        assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
        for word in
            ["domain-", "entropy", "information", "weighted-", "distance", "0.1234 *", "report", "70.12 %"]
        {
            assert!(narrow.contains(word), "{word} in\n{narrow}");
        }
    }
}
