//! What tells the recipe that a run has left on disk from one that somebody wrote.

use std::path::Path;
use toml::{Table, Value};

/// The recipe in a run's directory.
pub(super) const CONFIG: &str = "config.toml";
/// The course of the run, beside it.
pub(super) const METRICS: &str = "metrics.jsonl";

/// Whether `file` is the recipe in a run's directory.
pub(super) fn is_record(file: &Path) -> bool {
    file.ends_with(CONFIG) && file.with_file_name(METRICS).exists()
}

/// Whether a recipe says how images come to the model's size.
pub(super) fn says_how_images_fit(recipe: &str) -> bool {
    let table: Option<Table> = toml::from_str(recipe).ok();
    let keys = ["model", "input", "fit"].iter();
    keys.fold(table.map(Value::Table), |place, key| place?.get(key).cloned()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_found_in_any_spelling_and_nothing_else_is_taken_for_it() {
        for recipe in
            ["[model.input]\nfit = 'pad'", "model.input.fit = 'pad'", "model = { input = { fit = 1 } }"]
        {
            assert!(says_how_images_fit(recipe), "{recipe}");
        }
        for recipe in ["", "[model.input]\nheight = 1 # fit = 'pad'", "fit = 'pad'", "[model]\nfit = 'pad'"] {
            assert!(!says_how_images_fit(recipe), "{recipe}");
        }
    }

    #[test]
    fn a_recipe_is_a_run_s_where_the_run_s_course_is_beside_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join(CONFIG);
        assert!(!is_record(&file));
        std::fs::write(directory.path().join(METRICS), "").expect("a file");
        assert!(is_record(&file) && !is_record(&directory.path().join("mine.toml")));
    }
}
