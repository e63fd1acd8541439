//! The file that lists the servers.

use clap::ValueEnum;
use toml_edit::{DocumentMut, Item, Table, Value};

use crate::{
    scenario::Contract,
    target::{Approach, Target, parse_url},
};

/// A server to be judged beside others.
#[derive(Debug, Clone)]
pub(super) struct Contestant {
    pub(super) name: String,
    pub(super) target: Target,
    pub(super) approach: Approach,
    /// Files of known failures.
    pub(super) baseline: Vec<String>,
}

/// What a server may be told.
const KEYS: [&str; 7] = ["name", "command", "url", "env", "contract", "baseline", "path"];

/// Reads the servers of a file.
///
/// # Errors
/// What is wrong, and with which server.
pub(super) fn read(text: &str) -> Result<Vec<Contestant>, String> {
    let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
    if let Some((key, _)) = document.iter().find(|(key, _)| *key != "server") {
        return Err(format!("{key} means nothing here; servers are listed as [[server]]"));
    }
    let servers = document.get("server").and_then(Item::as_array_of_tables);
    let servers = servers.ok_or("it lists no server: each is a table [[server]]")?;
    let mut contestants = Vec::new();
    for (number, table) in servers.iter().enumerate() {
        let contestant = contestant(table).map_err(|why| format!("server {}: {why}", number + 1))?;
        contestants.push(contestant);
    }
    Ok(contestants)
}

fn contestant(table: &Table) -> Result<Contestant, String> {
    if let Some((key, _)) = table.iter().find(|(key, _)| !KEYS.contains(key)) {
        return Err(format!("{key} means nothing here; there are {}", KEYS.join(", ")));
    }
    let name = text(table, "name")?.ok_or("it has no name")?;
    let mut approach = Approach::default();
    if let Some(contract) = text(table, "contract")? {
        let known = Contract::from_str(&contract, true);
        approach.contract = Some(known.map_err(|_| format!("there is no contract {contract:?}"))?);
    }
    let target = match (texts(table, "command")?, text(table, "url")?) {
        (command, None) if !command.is_empty() => Target::Process { command, env: env(table)? },
        (command, Some(url)) if command.is_empty() => {
            let (authority, path) = parse_url(&url).map_err(|error| error.to_string())?;
            approach.path = path.unwrap_or(approach.path);
            Target::Url { authority }
        }
        _ => return Err("it needs either a command or a url".to_owned()),
    };
    if let Some(path) = text(table, "path")? {
        approach.path = format!("/{}/", path.trim_matches('/'));
    }
    Ok(Contestant { name, target, approach, baseline: texts(table, "baseline")? })
}

fn text(table: &Table, key: &str) -> Result<Option<String>, String> {
    let Some(item) = table.get(key) else { return Ok(None) };
    item.as_str().map(|text| Some(text.to_owned())).ok_or_else(|| format!("{key} must be a text"))
}

/// A list of texts; a text alone is a list of its words.
fn texts(table: &Table, key: &str) -> Result<Vec<String>, String> {
    let Some(item) = table.get(key) else { return Ok(Vec::new()) };
    if let Some(text) = item.as_str() {
        return Ok(text.split_whitespace().map(str::to_owned).collect());
    }
    let list = item.as_array().into_iter().flatten().map(|value| value.as_str().map(str::to_owned));
    let list: Option<Vec<String>> = list.collect();
    list.filter(|list| !list.is_empty()).ok_or_else(|| format!("{key} must be a list of texts"))
}

fn env(table: &Table) -> Result<Vec<(String, String)>, String> {
    let Some(item) = table.get("env") else { return Ok(Vec::new()) };
    let variables = item.as_table_like().ok_or("env must be a table of texts")?;
    let read = |(name, value): (&str, &Item)| {
        let value = value.as_value().and_then(Value::as_str);
        value
            .map(|value| (name.to_owned(), value.to_owned()))
            .ok_or_else(|| format!("env.{name} must be a text"))
    };
    variables.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read() {
        let text = "[[server]]\nname = \"one\"\ncommand = [\"node\", \"a b.js\"]\nenv = { A = \"1\" }\n\
                    contract = \"delivery\"\nbaseline = \"known.toml\"\n\
                    [[server]]\nname = \"two\"\nurl = \"http://127.0.0.1:3000/chat/\"\n";
        let [one, two] = &read(text).unwrap()[..] else { panic!("two servers") };
        let Target::Process { command, env } = &one.target else { panic!("{one:?}") };
        assert_eq!((command.len(), env[0].0.as_str()), (2, "A"));
        assert_eq!((one.approach.contract, one.baseline.len()), (Some(Contract::Delivery), 1));
        assert_eq!(two.approach.path, "/chat/");
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (text, why) in [
            ("", "no server"),
            ("[[server]]\nname = \"x\"", "server 1: it needs either a command or a url"),
            ("[[server]]\nurl = \"http://x\"", "no name"),
            ("[[server]]\nname = \"x\"\nurl = \"http://x\"\ncolour = 1", "colour means nothing"),
            ("[[server]]\nname = \"x\"\ncommand = 1", "command must be a list"),
            ("[[server]]\nname = \"x\"\nurl = \"https://x\"", "TLS"),
            ("servers = 1", "servers means nothing"),
            ("[[server]\n", "TOML"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
