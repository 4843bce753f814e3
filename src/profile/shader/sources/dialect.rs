//! Words of WGSL that naga does not read, or not any more, and what it reads in their place.

/// Words that only this compiler does not know; `enable` and `requires` of them are left out, as it does without.
const KNOWN_WITHOUT: [&str; 2] = ["subgroups", "unrestricted_pointer_parameters"];

/// Other names of what is the same.
const RENAMED: [(&str, &str); 2] =
    [("var<push_constant>", "var<immediate>"), ("@stage(compute)", "@compute")];

/// The text in naga's words. Every line keeps its number, and all that is not replaced its column.
pub fn translated(text: &str) -> String {
    let mut text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
    for (written, read) in RENAMED {
        text = text.replace(written, &format!("{read:0$}", written.len()));
    }
    if !KNOWN_WITHOUT.iter().any(|word| text.contains(word)) {
        return text;
    }
    text.split_inclusive('\n').map(|line| without(line).unwrap_or_else(|| line.to_owned())).collect()
}

/// A directive without the words that are known all the same; `None` for any other line.
fn without(line: &str) -> Option<String> {
    let (directive, rest) = line.split_once(';')?;
    let (keyword, list) = directive.trim_start().split_once(char::is_whitespace)?;
    if !["enable", "requires"].contains(&keyword) {
        return None;
    }
    let words = || list.split(',').map(str::trim);
    let kept: Vec<&str> = words().filter(|word| !KNOWN_WITHOUT.contains(word)).collect();
    if kept.len() == words().count() {
        return None;
    }
    let directive_left =
        if kept.is_empty() { String::new() } else { format!("{keyword} {};", kept.join(", ")) };
    Some(format!("{directive_left:0$}{rest}", directive.len() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_naga_does_not_read_is_put_in_its_words() {
        let text = "\u{feff}enable subgroups; // all\nenable f16, subgroups;\r\nrequires unrestricted_pointer_parameters;\n\
                    var<push_constant> p: u32; let subgroups = 1;\n@stage(compute) fn f() {}\n";
        let expected = "                  // all\nenable f16;           \r\n                                         \n\
                        var<immediate>     p: u32; let subgroups = 1;\n@compute        fn f() {}\n";
        assert_eq!(translated(text), expected);
        let plain = "enable f16;\n// enable subgroups\nfn subgroups() {}\n";
        assert_eq!(translated(plain), plain);
    }
}
