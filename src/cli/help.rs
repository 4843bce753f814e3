//! `dann --help`: the commands in groups, on one screen.

use clap::Command;
use std::fmt::Write as _;

/// Which commands belong together.
const GROUPS: &[(&str, &[&str])] = &[
    ("Train", &["data", "train", "experiment"]),
    ("Use a model", &["eval", "predict", "export", "import"]),
    ("Look at runs", &["runs", "report", "select", "diff"]),
    ("Kernels and shaders", &["devices", "check", "bench", "tune", "profile"]),
    ("This program", &["completions", "man"]),
];

/// `command`, whose help lists its commands in groups.
pub fn grouped(command: Command) -> Command {
    let mut template = String::from("{about}\n\n{usage-heading} {usage}\n");
    for (heading, names) in GROUPS {
        write!(template, "\n{heading}:\n").expect("a text takes all that is written");
        for name in *names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            writeln!(template, "  {name:<11}  {about}").expect("a text takes all that is written");
        }
    }
    command.help_template(template + "\nOptions:\n{options}{after-help}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory as _;
    use std::collections::BTreeSet;

    #[test]
    fn every_command_is_in_one_group() {
        let command = Cli::command();
        let names: BTreeSet<&str> = command.get_subcommands().map(Command::get_name).collect();
        let listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        assert_eq!(listed.len(), names.len(), "{listed:?}");
        assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), names);
    }

    #[test]
    fn help_fits_a_screen() {
        let text = grouped(Cli::command()).render_help().to_string();
        assert!(text.lines().count() <= 48, "{} lines:\n{text}", text.lines().count());
        let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "wider than 80 columns: {wide:#?}");
    }
}
