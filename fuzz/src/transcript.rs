//! Whatever is read as a transcript is written so that it reads the same, and an error names a place in the text.

use siospec::siot::{Bindings, Sight, Step, parse};

/// # Panics
/// If the property does not hold.
pub fn holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match parse(text) {
        Ok(script) => {
            let written = script.to_string();
            let again = parse(&written).expect("what was written can be read");
            assert_eq!(again, script, "{written}");
            assert_eq!(again.to_string(), written);
            compare(&script.steps);
        }
        Err(error) => {
            let line = text.split('\n').nth(error.line - 1).expect("an error names a line of the text");
            let characters = line.chars().count();
            assert!((1..=characters + 1).contains(&error.column), "{error} in {line:?}");
        }
    }
}

/// Comparing sights with each other ends, and binds nothing where they differ.
fn compare(steps: &[Step]) {
    let sights: Vec<&Sight> = steps
        .iter()
        .filter_map(|step| match step {
            Step::See(see) => Some(&see.sight),
            _ => None,
        })
        .take(8)
        .collect();
    for wanted in &sights {
        for seen in &sights {
            let mut bindings = Bindings::default();
            if !bindings.see(wanted, seen) {
                assert_eq!(bindings, Bindings::default());
            }
        }
    }
}
