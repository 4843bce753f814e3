//! Why somebody's shader cannot be profiled.

use std::time::Duration;

/// Why a shader, or what it was given, cannot be profiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShaderError {
    /// A shader has no such entry point, or several and none was named.
    #[error("{shader}: expected {}, found {}", match wanted {
        Some(name) => format!("a compute entry point {name:?}"),
        None if found.is_empty() => "a compute entry point".to_owned(),
        None => "a single compute entry point, or the name of one".to_owned(),
    }, if found.is_empty() { "none".to_owned() } else { format!("{found:?}") })]
    EntryPoint {
        /// The shader.
        shader: String,
        /// The entry point asked for.
        wanted: Option<String>,
        /// Those there are.
        found: Vec<String>,
    },
    /// What a shader's buffer is to hold is no content, or none for that buffer.
    #[error("{}: expected {expected}, found {found}", ["buffer", place].join(" ").trim_end())]
    Buffer {
        /// Group, binding and name; empty where these were not understood.
        place: String,
        /// What would have been right.
        expected: String,
        /// What was there instead.
        found: String,
    },
    /// An override constant has no value, or none that it can have.
    #[error("{}: expected {expected}, found {found}", ["override", name].join(" ").trim_end())]
    Override {
        /// Its name; empty where it was not understood.
        name: String,
        /// What would have been right.
        expected: String,
        /// What was there instead.
        found: String,
    },
    /// A name is given that no directive and no placeholder of a shader asks for.
    #[error("{shader}: expected {}, found {}", match declared {
        Some(_) => format!("a directive or a placeholder that asks for {name}"),
        None => format!("a shader in which {name} stands"),
    }, match declared {
        Some("override") => "an override constant of that name alone",
        Some(_) => "a constant of that name alone",
        None => "none that asks for it",
    })]
    Define {
        /// The shader.
        shader: String,
        /// The name.
        name: String,
        /// What it was to stand for.
        value: Option<String>,
        /// What the shader declares by that name: `override` or `const`, if any.
        declared: Option<&'static str>,
    },
    /// A run took longer than it was allowed to.
    #[error("{adapter}: expected a run to end within {limit:?}, found it still running")]
    Timeout {
        /// Where it runs.
        adapter: String,
        /// How long it was allowed to take.
        limit: Duration,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_without_a_place_is_a_buffer() {
        let text = |place: &str| {
            let (expected, found) = ("a size".to_owned(), "none".to_owned());
            ShaderError::Buffer { place: place.into(), expected, found }.to_string()
        };
        assert_eq!(text(""), "buffer: expected a size, found none");
        assert_eq!(text("1:0"), "buffer 1:0: expected a size, found none");
    }
}
