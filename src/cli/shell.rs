//! `dann completions` and `dann man`: what a shell and a reader of manuals need, from the command line's definition.

use super::output::{Output, print};
use clap::{Args, Command};
use clap_complete::Shell;
use dann::error::Error;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann completions bash > ~/.local/share/bash-completion/completions/dann
  dann completions zsh > \"${fpath[1]}/_dann\"
  dann completions fish > ~/.config/fish/completions/dann.fish")]
pub struct CompletionsArgs {
    /// The shell to complete commands in
    shell: Shell,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann man | man -l -
  dann man --out ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Write a page for each command into this directory; the main page alone, to stdout, if left out
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn completions(args: &CompletionsArgs, mut command: Command) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, env!("CARGO_PKG_NAME"), &mut script);
    print(&String::from_utf8(script)?)
}

pub fn man(args: &ManArgs, command: Command, out: &Output) -> anyhow::Result<()> {
    let Some(directory) = &args.out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        return print(&String::from_utf8(page)?);
    };
    std::fs::create_dir_all(directory).map_err(Error::io(directory, "create the directory"))?;
    clap_mangen::generate_to(command, directory).map_err(Error::io(directory, "write"))?;
    out.text(format!("the manual pages are in {}", directory.display()))
}
