//! Modules use only what stands below them in layers.txt.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Programs of their own, with a crate root each.
const PROGRAMS: &[&str] = &["main", "preinit", "container_init"];

fn layers() -> Vec<String> {
    let text = fs::read_to_string(Path::new(ROOT).join("layers.txt")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.path()) {
        match path.is_dir() {
            true => files.extend(sources(&path)),
            false => files.push(path),
        }
    }
    files
}

/// The top module of a path below src.
fn top(path: &Path) -> String {
    let first = path.components().next().unwrap();
    let name = Path::new(first.as_os_str()).with_extension("");
    name.display().to_string()
}

/// The text without comments and literals.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            'r' if rest.starts_with("r#\"") => rest.find("\"#").map_or(rest.len(), |at| at + 2),
            '\'' if rest.starts_with("'\"'") => 3,
            '"' => {
                let mut escaped = false;
                let end = rest.char_indices().skip(1).find(|(_, c)| {
                    let ends = *c == '"' && !escaped;
                    escaped = *c == '\\' && !escaped;
                    ends
                });
                end.map_or(rest.len(), |(at, _)| at + 1)
            }
            _ => 0,
        };
        if skipped == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.push(' ');
            rest = &rest[skipped..];
        }
    }
    code
}

/// The names that stand right behind `crate::` or `$crate::`, alone or in braces.
fn used(code: &str) -> BTreeSet<String> {
    let word = |text: &str| {
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
        text[..end.unwrap_or(text.len())].to_owned()
    };
    let mut names = BTreeSet::new();
    for (at, prefix) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = code[at + prefix.len()..].trim_start();
        let Some(group) = rest.strip_prefix('{') else {
            names.insert(word(rest));
            continue;
        };
        let mut depth = 0;
        let mut begins = true;
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                c if begins && !c.is_whitespace() => {
                    names.insert(word(&group[at..]));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    names
}

/// What is wrong in a file of `module`.
fn faults(layers: &[String], module: &str, text: &str) -> Vec<String> {
    let place = |name: &str| layers.iter().position(|layer| layer == name);
    let code = code(text);
    let mut faults = Vec::new();
    if code.contains("super::super") {
        faults.push(format!(
            "{module}: write crate:: in the place of super::super"
        ));
    }
    let Some(own) = place(module) else {
        return vec![format!("{module} is not in layers.txt")];
    };
    for name in used(&code) {
        // What is no module is a macro of `log` or a constant of the root.
        if place(&name).is_some_and(|used| used < own) {
            faults.push(format!("{module} uses {name}, which stands above it"));
        }
    }
    faults
}

#[test]
fn modules_use_only_what_stands_below_them() {
    let layers = layers();
    let src = Path::new(ROOT).join("src");
    let mut found = BTreeSet::new();
    let mut wrong = Vec::new();
    for file in sources(&src) {
        let inside = file.strip_prefix(&src).unwrap();
        let module = top(inside);
        if module == "lib" || PROGRAMS.contains(&module.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let faults = faults(&layers, &module, &text).into_iter();
        wrong.extend(faults.map(|fault| format!("{}: {fault}", inside.display())));
        // In a file that is the whole module, `super` is the root.
        let own = text.split("#[cfg(test)]").next().unwrap_or_default();
        if inside.components().count() == 1 && code(own).contains("super::") {
            wrong.push(format!("{}: write crate:: here", inside.display()));
        }
        found.insert(module);
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(found, layers.into_iter().collect());
}

#[test]
fn a_use_of_what_stands_above_is_found_in_every_form() {
    let layers = ["high", "middle", "low"].map(str::to_owned);
    for text in [
        "use crate::high;",
        "use crate::high::inner::Thing as Other;",
        "use crate::{\n    low::{A, B},\n    high::C,\n};",
        "fn f() { crate::high::g() }",
        "type T = Option<crate::high::T>;",
        "pub use crate::high::*;",
        "fn f() { super::super::high::g() }",
    ] {
        assert_eq!(faults(&layers, "middle", text).len(), 1, "{text}");
    }
    for text in [
        "use crate::low::{high, A};",
        "// use crate::high;\n/* crate::high */ let a = \"crate::high\";",
        "use crate::middle::x; crate::warning!(\"\\\" crate::high\");",
        "use other_crate::high;",
    ] {
        assert_eq!(
            faults(&layers, "middle", text),
            Vec::<String>::new(),
            "{text}"
        );
    }
    assert_eq!(faults(&layers, "new", "").len(), 1);
}
