//! A page about a profile: everything in one HTML file that needs no internet connection.

use dann::error::{Error, Result};
use std::fmt::Write as _;
use std::path::Path;

/// A table, with its header.
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Self {
        Self { header: header.map(str::to_owned).to_vec(), rows: rows.into_iter().map(Vec::from).collect() }
    }
}

/// What a page tells.
pub struct Page<'a> {
    pub title: &'a str,
    /// Sentences.
    pub notes: Vec<String>,
    pub tables: Vec<Table>,
    /// An SVG document.
    pub picture: String,
    /// Texts of files, with their names.
    pub sources: Vec<(String, String)>,
}

const STYLE: &str = "
:root { color-scheme: light dark; }
body { font: 15px/1.5 sans-serif; margin: 0 auto; max-width: 1320px; padding: 16px; }
table { border-collapse: collapse; margin: 16px 0; }
th, td { border-bottom: 1px solid #8886; padding: 4px 10px; text-align: left; vertical-align: top; }
.scroll { overflow-x: auto; }
figure { margin: 16px 0; background: #fff; overflow-x: auto; }
svg { display: block; height: auto; min-width: 720px; width: 100%; }
pre { background: #8882; overflow-x: auto; padding: 12px; }
";

impl Page<'_> {
    /// Writes it.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        std::fs::write(path, self.html()).map_err(Error::io(path, "write"))
    }

    fn html(&self) -> String {
        let title = escaped(self.title);
        let mut html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        );
        for table in &self.tables {
            html += "<div class=\"scroll\" role=\"region\" aria-label=\"table\" tabindex=\"0\"><table>\n";
            html += &row("th", &table.header);
            table.rows.iter().for_each(|cells| html += &row("td", cells));
            html += "</table></div>\n";
        }
        self.notes.iter().for_each(|note| html += &format!("<p>{}</p>\n", escaped(note)));
        let _ = writeln!(
            html,
            "<figure tabindex=\"0\" role=\"img\" aria-label=\"Roofline and times\">{}</figure>",
            self.picture
        );
        for (name, text) in &self.sources {
            let _ = writeln!(html, "<h2>{}</h2>\n<pre tabindex=\"0\">{}</pre>", escaped(name), escaped(text));
        }
        html + "</body>\n</html>\n"
    }
}

fn row(tag: &str, cells: &[String]) -> String {
    let cells = cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell)));
    format!("<tr>{}</tr>\n", cells.collect::<String>())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_page_is_taken_for_its_tags() {
        let page = Page {
            title: "a < b",
            notes: vec!["x & y".into()],
            tables: vec![Table::new(["<i>"], [["1 > 0".to_owned()]])],
            picture: "<svg width=\"20\" height=\"10\"></svg>".into(),
            sources: vec![("s.wgsl".into(), "if a < b && c { }".into())],
        };
        let html = page.html();
        for words in [
            "<h1>a &lt; b</h1>",
            "<p>x &amp; y</p>",
            "<th>&lt;i&gt;</th>",
            "<td>1 &gt; 0</td>",
            "Roofline and times\"><svg width",
            "<pre tabindex=\"0\">if a &lt; b &amp;&amp; c { }</pre>",
        ] {
            assert!(html.contains(words), "{words:?} is not in\n{html}");
        }
    }
}
