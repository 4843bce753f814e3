//! Opinions on stdout, batch after batch.

use super::Format;
use super::opinion::{Likely, Opinion};
use crate::cli::output::{percent, print, table};
use serde_json::{Value, json};

/// Prints opinions as they come.
pub struct Printer {
    format: Format,
    explain: bool,
    /// The names of all classes, where the probability of each is told.
    classes: Option<Vec<String>>,
    /// Whether a header stands above what is printed next.
    begun: bool,
}

impl Printer {
    pub fn new(format: Format, explain: bool, classes: Option<Vec<String>>) -> Self {
        Self { format, explain, classes, begun: false }
    }

    pub fn print(&mut self, opinions: &[Opinion]) -> anyhow::Result<()> {
        let text = match self.format {
            Format::Table => self.table(opinions),
            Format::Json => opinions.iter().map(|opinion| self.object(opinion).to_string() + "\n").collect(),
            Format::Csv => self.csv(opinions)?,
        };
        self.begun = true;
        print(&text)
    }

    fn table(&self, opinions: &[Opinion]) -> String {
        let likely = |likely: &Likely| format!("{} {}", percent(likely.probability), likely.class);
        let first = |o: &Opinion| [o.file.clone(), o.class.clone(), percent(o.probability)];
        if !self.explain {
            return format!("{}\n", table(["file", "class", "probability"], opinions.iter().map(first)));
        }
        let rows = opinions.iter().map(|o| {
            let [file, class, probability] = first(o);
            let other = |place: usize| o.top.get(place).map_or("–".into(), likely);
            let domain = o.domain.map_or("n/a".into(), |d| format!("{} target", percent(d.target)));
            [file, class, probability, other(1), other(2), domain]
        });
        let header = ["file", "class", "probability", "second", "third", "domain"];
        format!("{}\n", table(header, rows))
    }

    fn object(&self, opinion: &Opinion) -> Value {
        let Opinion { file, class, probability, probabilities, logits, top, domain } = opinion;
        let mut object = json!({
            "file": file,
            "class": class,
            "probability": probability,
            "probabilities": probabilities,
            "logits": logits,
        });
        if self.explain {
            object["top"] = json!(top);
            object["domain"] = json!(domain);
        }
        if let Some(classes) = &self.classes {
            let by_class = classes.iter().zip(probabilities).map(|(class, p)| (class.clone(), json!(p)));
            object["by_class"] = Value::Object(by_class.collect());
        }
        object
    }

    fn csv(&self, opinions: &[Opinion]) -> anyhow::Result<String> {
        let mut writer = csv::Writer::from_writer(vec![]);
        if !self.begun {
            let mut header = ["file", "class", "probability"].map(str::to_owned).to_vec();
            if self.explain {
                let explained = ["second", "second_probability", "third", "third_probability"];
                header.extend(explained.map(str::to_owned));
                header.extend(["source_domain", "target_domain"].map(str::to_owned));
            }
            header.extend(self.classes.iter().flatten().map(|class| format!("p({class})")));
            writer.write_record(header)?;
        }
        for opinion in opinions {
            let mut record =
                vec![opinion.file.clone(), opinion.class.clone(), opinion.probability.to_string()];
            if self.explain {
                for place in 1..=2 {
                    let likely = opinion.top.get(place);
                    record.push(likely.map_or(String::new(), |likely| likely.class.clone()));
                    record.push(likely.map_or(String::new(), |likely| likely.probability.to_string()));
                }
                let domain = |share: fn(&super::opinion::Domains) -> f64| {
                    opinion.domain.as_ref().map_or(String::new(), |domains| share(domains).to_string())
                };
                record.extend([domain(|d| d.source), domain(|d| d.target)]);
            }
            if self.classes.is_some() {
                record.extend(opinion.probabilities.iter().map(f64::to_string));
            }
            writer.write_record(record)?;
        }
        Ok(String::from_utf8(writer.into_inner().map_err(|e| e.into_error())?)?)
    }
}
