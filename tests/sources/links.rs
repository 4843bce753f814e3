//! Links of what is written for readers lead to files and to places in them, and the book's summary has every chapter.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Everything that is written for readers.
fn pages() -> Vec<PathBuf> {
    let of = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|e| e == "md")).collect()
    };
    [of(root()), of(&root().join("docs/src"))].concat()
}

/// The lines that are prose: not those of code, fenced or indented.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.starts_with("```");
        fenced ^= fence;
        !fence && !fenced && !line.starts_with("    ")
    })
}

/// Where the links of a page lead that stay within the repository: a file, the page itself if empty, and a place in it.
fn links(text: &str) -> Vec<(&str, Option<&str>)> {
    let ends = prose(text)
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')').map(|(link, _)| link))
        .filter(|link| !link.contains("://"));
    ends.map(|link| link.split_once('#').map_or((link, None), |(file, place)| (file, Some(place)))).collect()
}

/// The names of a page's headings, as GitHub and mdBook make them.
fn places(text: &str) -> BTreeSet<String> {
    let mut seen = BTreeMap::new();
    let headings = prose(text).filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
            let name: String = line.trim_start_matches('#').trim().chars().filter(kept).collect();
            let name = name.to_lowercase().replace(' ', "-");
            let before: &mut usize = seen.entry(name.clone()).or_default();
            *before += 1;
            if *before == 1 { name } else { format!("{name}-{}", *before - 1) }
        })
        .collect()
}

/// Why a link of `page` leads nowhere.
fn fault(page: &Path, text: &str, (file, place): (&str, Option<&str>)) -> Option<String> {
    let target = page.parent().unwrap().join(file);
    if !file.is_empty() && !target.exists() {
        return Some(format!("{}: {file} is no file", page.display()));
    }
    let place = place?;
    let found = match file {
        "" => places(text),
        _ => places(&std::fs::read_to_string(&target).unwrap()),
    };
    (!found.contains(place))
        .then(|| format!("{}: {file} has no place {place}, only {found:?}", page.display()))
}

#[test]
fn links_lead_to_files_and_places() {
    let (mut broken, mut files, mut named) = (Vec::new(), 0, 0);
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            files += 1;
            named += usize::from(link.1.is_some());
            broken.extend(fault(&page, &text, link));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(files > 60 && named > 10, "{files} links were found, {named} of them to places");
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let page = root().join("docs/src/page.md");
    let text =
        "# A page\n\n## `dann` and more\n\n## `dann` and more\n\n```text\n# no heading, [no](link)\n```\n";
    for (link, good) in [
        ("recipes.md", true),
        ("recipe.md", false),
        ("#dann-and-more-1", true),
        ("#dann-and-more-2", false),
        ("#no-heading-nolink", false),
        ("commands.md#dann-data-make", true),
        ("commands.md#dann-data-break", false),
    ] {
        let line = format!("See [it]({link}).");
        let found = links(&line);
        assert_eq!(found.len(), 1, "{link}");
        assert_eq!(fault(&page, text, found[0]).is_none(), good, "{link}");
    }
    assert!(links(text).is_empty());
}

#[test]
fn the_summary_has_every_chapter() {
    let text = std::fs::read_to_string(root().join("docs/src/SUMMARY.md")).unwrap();
    let listed: BTreeSet<&str> = links(&text).into_iter().map(|(file, _)| file).collect();
    for page in pages().iter().filter(|page| page.starts_with(root().join("docs"))) {
        let name = page.file_name().unwrap().to_str().unwrap();
        assert!(name == "SUMMARY.md" || listed.contains(name), "SUMMARY.md does not list {name}");
    }
}
