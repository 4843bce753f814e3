//! What the page calls each run.

use std::path::{Component, Path, PathBuf};

/// Of each run the last parts of its path, as many as tell it from the other runs: experiments give runs of several recipes the
/// same last part.
pub fn names(runs: &[PathBuf]) -> Vec<String> {
    let paths: Vec<Vec<String>> = runs.iter().map(|run| parts(run)).collect();
    paths.iter().map(|path| shortest(path, &paths)).collect()
}

/// The parts of the whole path: `.` and `..` are no names.
fn parts(run: &Path) -> Vec<String> {
    let whole = run.canonicalize().unwrap_or_else(|_| run.to_path_buf());
    let parts = whole.components().filter(|part| matches!(part, Component::Normal(_)));
    parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
}

/// The shortest end of `path` that no other path has.
fn shortest(path: &[String], all: &[Vec<String>]) -> String {
    let is_another = |other: &&Vec<String>| other[..] != *path;
    let is_telling = |count: &usize| {
        let end = &path[path.len() - count..];
        !all.iter().filter(is_another).any(|other| other.ends_with(end))
    };
    let count = (1..path.len()).find(is_telling).unwrap_or(path.len());
    path[path.len() - count..].join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(runs: &[&str]) -> Vec<String> {
        names(&runs.iter().map(PathBuf::from).collect::<Vec<_>>())
    }

    #[test]
    fn runs_are_told_apart_by_as_little_of_their_paths_as_it_takes() {
        assert_eq!(named(&["runs/first"]), ["first"]);
        assert_eq!(named(&["runs/s/a/dann-0", "runs/s/b/dann-0"]), ["a/dann-0", "b/dann-0"]);
        let some = named(&["s/a/dann-0", "s/a/source-only-0", "s/b/dann-0", "t/b/dann-0"]);
        assert_eq!(some, ["a/dann-0", "source-only-0", "s/b/dann-0", "t/b/dann-0"]);
        // One path may be the end of another, and a run may be named twice.
        assert_eq!(named(&["a/b", "b", "a/b"]), ["a/b", "b", "a/b"]);
    }

    #[test]
    fn a_run_is_named_by_its_directory_however_it_is_reached() {
        let root = tempfile::tempdir().expect("a directory");
        let run = root.path().join("first");
        std::fs::create_dir_all(run.join("checkpoints")).expect("a directory");
        for way in [run.join("."), run.join("checkpoints/..")] {
            assert_eq!(names(&[way]), ["first"]);
        }
    }
}
