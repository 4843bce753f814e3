//! What a terminal has room for: tables and messages are fitted to it, and left as they are for files and other programs.

use std::io::Write as _;
use terminal_size::{Width, terminal_size_of};

/// Fewer columns have room for nothing.
const FEWEST: u16 = 40;

/// The columns of the terminal that results are shown on, if they are shown on one.
pub fn columns() -> Option<u16> {
    terminal_size_of(std::io::stdout()).map(|(Width(columns), _)| columns.max(FEWEST))
}

/// Lets the program's log go to stderr, its lines broken between words where that is a terminal.
pub fn start_log() {
    let room = terminal_size_of(std::io::stderr()).map(|(Width(columns), _)| columns.max(FEWEST).into());
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn,dann=info,usvg=error"))
        .format(move |buffer, record| {
            let (level, target) = (record.level(), record.target());
            let style = buffer.default_level_style(level);
            let text = folded(&format!("[{level:<5} {target}] {}", record.args()), room);
            // The level is the first word: what is counted above has no colours in it.
            let rest = text.get(1 + level.as_str().len()..).unwrap_or_default();
            writeln!(buffer, "[{style}{level}{style:#}{rest}")
        })
        .init();
}

/// `text` in lines of at most `columns` columns, those after the first indented, broken between words alone.
pub fn wrapped_to(text: &str, columns: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("    {word}")),
            None => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

/// Lines behind the first are indented, and none is longer than `room` where words allow it.
fn folded(text: &str, room: Option<usize>) -> String {
    let lines: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(index, line)| if index == 0 { line.to_owned() } else { format!("    {line}") })
        .collect();
    let fitted = |line: &String| room.map_or_else(|| line.clone(), |room| wrapped_to(line, room));
    lines.iter().map(fitted).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_terminal_are_folded_and_others_left_alone() {
        let text = "[ERROR dann] a: expected one of these, found another\nhint: take it";
        assert_eq!(folded(text, None), text.replace('\n', "\n    "));
        let folded = folded(text, Some(24));
        assert_eq!(
            folded,
            "[ERROR dann] a: expected\n    one of these, found\n    another\n    hint: take it"
        );
    }
}
