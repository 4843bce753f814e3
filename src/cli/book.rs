//! The book and README tell of the program as it is: their commands can be given, and `docs/src/commands.md` lists each command
//! and flag in the words of `--help`.

use super::Cli;
use clap::{Arg, Command, CommandFactory as _, Parser as _};
use dann::train::Config;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const PROGRAM: &str = "target/release/dann ";
/// The chapter that is made of the program's own help.
const COMMANDS: &str = "docs/src/commands.md";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README and the chapters.
fn pages() -> Vec<PathBuf> {
    let chapters = std::fs::read_dir(root().join("docs/src"))
        .expect("the book")
        .map(|entry| entry.expect("a file").path());
    chapters
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .chain([root().join("README.md")])
        .collect()
}

/// The lines of code blocks, those that go on behind a backslash joined.
fn code(text: &str) -> Vec<String> {
    let indented = text.lines().filter_map(|line| line.strip_prefix("    "));
    let joined = indented.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    joined.lines().map(str::to_owned).collect()
}

/// The words of the program's command in a line of shell, if there is one.
fn words(line: &str) -> Option<Vec<String>> {
    let (_, command) = line.split_once(PROGRAM)?;
    let end = [" #", " > ", " | ", ";"].iter().filter_map(|stop| command.find(stop)).min();
    let command = &command[..end.unwrap_or(command.len())];
    Some(command.split_whitespace().map(|word| word.trim_matches(['\'', '"']).to_owned()).collect())
}

/// Why the words are no command.
fn fault(words: &[String]) -> Option<String> {
    // A word that stands for several in a loop of the shell.
    let words: Vec<String> = words.iter().map(|word| word.replace("$method", "dann")).collect();
    if let Err(e) = Cli::try_parse_from(std::iter::once("dann".to_owned()).chain(words.iter().cloned())) {
        return Some(e.to_string());
    }
    let behind = |flag: &str| -> Vec<String> {
        words.windows(2).filter(|pair| pair[0] == flag).map(|pair| pair[1].clone()).collect()
    };
    if words[0] != "train" || behind("--config").len() + behind("--resume").len() > 0 {
        return None;
    }
    let preset = behind("--preset").pop().unwrap_or_else(|| "paper".into());
    Config::preset(&preset).and_then(|config| config.with(&behind("--set"))).err().map(|e| e.to_string())
}

#[test]
fn every_command_of_the_book_can_be_given() {
    let (mut commands, mut wrong) = (0, Vec::new());
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a chapter");
        for words in code(&text).iter().filter_map(|line| words(line)) {
            commands += 1;
            wrong.extend(
                fault(&words).map(|fault| format!("{}: dann {}: {fault}", page.display(), words.join(" "))),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(commands > 50, "{commands} commands were found");
}

#[test]
fn what_is_no_command_is_found() {
    for (line, part) in [
        ("target/release/dann trian", "trian"),
        ("target/release/dann train --presets demo  # a remark", "--presets"),
        ("cat x | target/release/dann train --preset none > y", "expected one of paper"),
        ("target/release/dann train --set training.lambda.maximal=1", "maximal"),
    ] {
        let fault = fault(&words(line).expect("a command")).expect("a fault");
        assert!(fault.contains(part), "{line}: {fault}");
    }
    assert_eq!(words("cargo test"), None);
}

/// Flags of other programs that the book tells of.
const OTHERS: [&str; 10] = [
    "account",
    "device",
    "gpus",
    "locked",
    "no-default-features",
    "no-deps",
    "nocapture",
    "open",
    "path",
    "release",
];

/// The flags of a command and of those below it.
fn flags(command: &Command, known: &mut BTreeSet<String>) {
    known.extend(command.get_arguments().filter_map(|arg| arg.get_long().map(str::to_owned)));
    command.get_subcommands().for_each(|below| flags(below, known));
}

/// The flags that a page names in its prose, as in `--steps N`.
fn named(text: &str) -> impl Iterator<Item = String> + '_ {
    let prose = text.split("\n```").step_by(2).flat_map(|part| part.split('`').skip(1).step_by(2));
    let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
    prose
        .flat_map(str::split_whitespace)
        .filter_map(|word| word.strip_prefix("--"))
        .filter_map(move |flag| flag.split(ends).next().map(str::to_owned))
        .filter(|flag| !flag.is_empty())
}

#[test]
fn every_flag_that_the_book_names_is_one() {
    let mut known: BTreeSet<String> = OTHERS.iter().map(|&flag| flag.to_owned()).collect();
    known.extend(["help".to_owned(), "version".to_owned()]);
    flags(&Cli::command(), &mut known);
    let (mut count, mut wrong) = (0, Vec::new());
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a chapter");
        for flag in named(&text) {
            count += 1;
            if !known.contains(&flag) {
                wrong.push(format!("{}: --{flag} is no flag", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 100, "{count} flags were found");
    assert_eq!(named("a `--b=1`\n```sh\n`--c`\n```\nand `d --e-f, -g`").collect::<Vec<_>>(), ["b", "e-f"]);
}

/// One flag or argument as a row of a table.
fn row(arg: &Arg) -> String {
    let value = arg
        .get_value_names()
        .filter(|_| arg.get_action().takes_values())
        .map(|names| format!(" {}", names.join(" ")));
    let name = match (arg.get_long(), arg.get_short()) {
        (Some(long), Some(short)) => format!("`-{short}`, `--{long}{}`", value.unwrap_or_default()),
        (Some(long), None) => format!("`--{long}{}`", value.unwrap_or_default()),
        _ => format!("`{}`", value.unwrap_or_default().trim()),
    };
    let values = arg.get_possible_values();
    let values: Vec<&str> =
        values.iter().filter(|v| !v.is_hide_set()).map(clap::builder::PossibleValue::get_name).collect();
    let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default().replace('|', "\\|");
    if arg.get_action().takes_values() && !values.is_empty() {
        let _ = write!(help, ": {}", values.join(", "));
    }
    let default: Vec<_> = arg.get_default_values().iter().map(|v| v.to_string_lossy()).collect();
    if arg.get_action().takes_values() && !default.is_empty() {
        let _ = write!(help, " [default: {}]", default.join(" "));
    }
    format!("| {} | {help} |\n", name.replace('|', "\\|"))
}

/// A command and those below it.
fn section(command: &Command, path: &str, out: &mut String) {
    let name = format!("{path} {}", command.get_name()).trim().to_owned();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let _ = write!(out, "\n## `{name}`\n\n{about}.\n");
    let args: Vec<&Arg> =
        command.get_arguments().filter(|arg| !arg.is_hide_set() && arg.get_id() != "help").collect();
    if !args.is_empty() {
        out.push_str("\n| flag | |\n|---|---|\n");
        args.into_iter().for_each(|arg| out.push_str(&row(arg)));
    }
    for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help")
    {
        section(below, &name, out);
    }
}

#[test]
fn the_chapter_of_commands_is_what_help_says() {
    let mut expected =
        "# Commands and flags\n\nWhat `dann COMMAND --help` says, which has examples too.\n".to_owned();
    section(&Cli::command(), "", &mut expected);
    let path = root().join(COMMANDS);
    if std::env::var_os("UPDATE_BOOK").is_some() {
        std::fs::write(&path, &expected).expect("the chapter written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let first = expected.lines().zip(found.lines()).find(|(expected, found)| expected != found);
    assert!(
        expected == found,
        "{COMMANDS} is not what --help says (first: {first:?}); UPDATE_BOOK=1 cargo test --bin dann book writes it anew"
    );
}
