//! Which recipe's step a command is to look at.

use clap::Args;
use clap::builder::PossibleValuesParser;
use dann::error::Result;
use dann::train::Config;
use std::path::PathBuf;

/// The recipe: a preset, or a file.
#[derive(Args)]
pub struct RecipeArgs {
    /// The recipe, by its preset's name
    #[arg(long, default_value = "paper", value_parser = PossibleValuesParser::new(Config::presets()))]
    preset: String,
    /// The same from a file
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    config: Option<PathBuf>,
}

impl RecipeArgs {
    /// The recipe itself.
    pub fn config(&self) -> Result<Config> {
        self.config.as_deref().map_or_else(|| Config::preset(&self.preset), Config::read)
    }

    /// The preset's name, or the file.
    pub fn name(&self) -> String {
        self.config.as_ref().map_or_else(|| self.preset.clone(), |file| file.display().to_string())
    }

    /// What people call it: "preset paper".
    pub fn title(&self) -> String {
        format!("{} {}", if self.config.is_some() { "recipe" } else { "preset" }, self.name())
    }
}
