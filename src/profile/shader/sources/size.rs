//! What compilers of shaders can be given: they call themselves for each level of an expression or a block.

/// What was expected, and what was found.
pub type Excess = (String, String);

/// Bytes of a text.
const BYTES: usize = 8 << 20;
/// Operators and brackets in a row, each of which may be a level.
const OPERATORS: usize = 2_000;
/// Brackets within each other.
const BRACKETS: usize = 200;

/// Refuses a text that has more.
pub fn checked(text: &str) -> Result<(), Excess> {
    let excess = |what: &str, most: usize, found: usize| match found > most {
        true => Err((format!("at most {most} {what}"), found.to_string())),
        false => Ok(()),
    };
    excess("bytes of a shader", BYTES, text.len())?;
    let (mut operators, mut most_operators, mut brackets, mut most_brackets) = (0, 0, 0_usize, 0);
    for byte in super::bindings::without_comments(text).bytes() {
        match byte {
            b'{' | b'(' | b'[' => brackets += 1,
            b'}' | b')' | b']' => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        match byte {
            b'{' | b'}' | b';' | b',' => operators = 0,
            byte if byte.is_ascii_punctuation() && byte != b'_' => operators += 1,
            _ => {}
        }
        most_operators = most_operators.max(operators);
        most_brackets = most_brackets.max(brackets);
    }
    excess("operators and brackets between commas and ends of statements", OPERATORS, most_operators)?;
    excess("brackets within each other", BRACKETS, most_brackets)
}

#[cfg(test)]
mod tests {
    use crate::error::Result;
    use crate::profile::shader::{Choices, Shader};
    use std::path::Path;

    fn parsed(first: &str, expression: &str) -> Result<()> {
        let source = format!(
            "{first}\n@group(0) @binding(0) var<storage, read_write> y: array<i32>;\n\
             @compute @workgroup_size(1) fn main() {{ let x = y[0]; y[1] = {expression}; }}\n"
        );
        Shader::parse(Path::new("s.wgsl"), source, &Choices::default()).map(drop)
    }

    /// Whether it is told as an error, or not at all; the end of the stack would end the program.
    #[test]
    fn what_would_end_the_stack_is_refused() {
        for first in ["", "import package::a::b;"] {
            let error = |expression: &str| parsed(first, expression).expect_err("too much").to_string();
            let chain = vec!["x"; 3000].join("+");
            assert!(error(&chain).contains("s.wgsl: expected at most 2000 operators"), "{}", error(&chain));
            let deep = format!("{}x{}", "(".repeat(201), ")".repeat(201));
            assert!(
                error(&deep).contains("at most 200 brackets within each other, found 202"),
                "{}",
                error(&deep)
            );
            assert!(parsed(first, &vec!["x"; 1900].join("+")).is_ok());
            assert!(parsed(first, &format!("{}x", "- ".repeat(900))).is_ok() || !first.is_empty());
            assert!(parsed(first, &format!("{}x{}", "(".repeat(180), ")".repeat(180))).is_ok());
            let table = format!("array({})[x]", vec!["-1"; 4000].join(","));
            assert!(parsed(first, &table).is_ok());
        }
    }
}
