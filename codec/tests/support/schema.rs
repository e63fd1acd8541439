//! As much of JSON Schema (draft 2020-12) as `fixtures/schema.json` uses; anything else in it is an error.

use serde_json::Value;

/// Where and how a value departs from the schema; empty if it does not.
pub(crate) fn violations(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, schema, value, "", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    for (keyword, argument) in schema.as_object().expect("a schema is an object") {
        let holds = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => true,
            "$ref" => {
                let pointer = argument.as_str().unwrap().trim_start_matches('#');
                check(root, root.pointer(pointer).expect("the reference leads somewhere"), value, at, found);
                true
            }
            "type" => is_a(argument.as_str().unwrap(), value),
            "enum" => argument.as_array().unwrap().contains(value),
            "minLength" => value.as_str().is_none_or(|text| text.len() as u64 >= argument.as_u64().unwrap()),
            "minItems" => {
                value.as_array().is_none_or(|items| items.len() as u64 >= argument.as_u64().unwrap())
            }
            "minimum" => value.as_i64().is_none_or(|number| number >= argument.as_i64().unwrap()),
            "required" => {
                let names = argument.as_array().unwrap();
                names.iter().all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "additionalProperties" => {
                assert_eq!(argument, &Value::Bool(false));
                let known = schema["properties"].as_object().unwrap();
                value.as_object().is_none_or(|members| members.keys().all(|name| known.contains_key(name)))
            }
            "properties" => {
                for (name, member) in value.as_object().into_iter().flatten() {
                    if let Some(schema) = argument.get(name) {
                        check(root, schema, member, &format!("{at}/{name}"), found);
                    }
                }
                true
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, argument, item, &format!("{at}/{index}"), found);
                }
                true
            }
            "oneOf" => {
                let fits = |schema: &&Value| {
                    let mut inner = Vec::new();
                    check(root, schema, value, at, &mut inner);
                    inner.is_empty()
                };
                argument.as_array().unwrap().iter().filter(fits).count() == 1
            }
            unknown => panic!("the schema uses {unknown}, which this checker does not know"),
        };
        if !holds {
            found.push(format!("{at}: {keyword} does not hold"));
        }
    }
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        unknown => panic!("the schema uses the type {unknown}, which this checker does not know"),
    }
}
