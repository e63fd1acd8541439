//! The kill matrix: rules by faults.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use serde_json::{Value, json};

use super::Proof;

/// What all proofs together show.
#[derive(Debug)]
pub struct Matrix {
    /// The rules of the catalogue, in its order.
    pub rules: Vec<&'static str>,
    /// The proofs, in the order of the menu of faults.
    pub proofs: Vec<Proof>,
    /// Whether every fault was tried: only then a rule without a killer says something.
    pub whole: bool,
}

impl Matrix {
    /// The rules that no fault broke.
    pub fn unproven(&self) -> Vec<&'static str> {
        let killed: BTreeSet<&str> =
            self.proofs.iter().flat_map(|proof| proof.caught.keys().copied()).collect();
        self.rules.iter().copied().filter(|rule| !killed.contains(rule)).collect()
    }

    /// The proofs that do not hold.
    pub fn wrong(&self) -> Vec<&Proof> {
        self.proofs.iter().filter(|proof| !proof.holds()).collect()
    }

    /// Whether every fault is caught as it should be, and every rule has a killer.
    pub fn holds(&self) -> bool {
        self.wrong().is_empty() && (!self.whole || self.unproven().is_empty())
    }

    /// Writes the matrix rule by rule, then what is wrong with it, then the sum.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        let columns = self.rules.iter().map(|rule| rule.len()).max().unwrap_or_default();
        for rule in &self.rules {
            let killers: Vec<&str> = self
                .proofs
                .iter()
                .filter(|proof| proof.caught.contains_key(rule))
                .map(|proof| proof.fault.name)
                .collect();
            if !killers.is_empty() {
                writeln!(out, "  {rule:columns$}  {}", killers.join(" "))?;
            }
        }
        if self.whole {
            for rule in self.unproven() {
                writeln!(out, "  {rule:columns$}  NOTHING SHOWS THAT IT CAN FAIL")?;
            }
        }
        for proof in self.wrong() {
            write_wrong(out, proof)?;
        }
        writeln!(out, "\n  {}", self.sum())
    }

    /// `158 rules · 156 faults · every rule seen to fail`
    pub fn sum(&self) -> String {
        let mut parts = vec![format!("{} rules", self.rules.len()), format!("{} faults", self.proofs.len())];
        match self.wrong().len() {
            0 => parts.push("each caught by the rules that name it, and by no others".to_owned()),
            wrong => parts.push(format!("{wrong} not caught as they should be")),
        }
        if self.whole {
            match self.unproven().len() {
                0 => parts.push("every rule seen to fail".to_owned()),
                unproven => parts.push(format!("{unproven} rules never seen to fail")),
            }
        }
        parts.join(" · ")
    }

    /// The matrix for machines: for each fault the rules that caught it, and over which transports.
    pub fn to_json(&self) -> Value {
        let proofs = self.proofs.iter().map(|proof| {
            let caught = proof.caught.iter().map(|(rule, over)| {
                let over: Vec<&str> = over.iter().map(|over| over.name()).collect();
                ((*rule).to_owned(), json!(over))
            });
            json!({
                "fault": proof.fault.name,
                "wrong": proof.fault.wrong,
                "caught": caught.collect::<serde_json::Map<_, _>>(),
                "missed": proof.missed(),
                "beside": proof.beside(),
            })
        });
        json!({ "rules": self.rules, "faults": proofs.collect::<Vec<_>>(), "unproven": self.unproven() })
    }
}

/// A proof that does not hold, with the cases that explain it.
fn write_wrong(out: &mut impl Write, proof: &Proof) -> io::Result<()> {
    writeln!(out, "\n WRONG  {}: {}", proof.fault.name, proof.fault.wrong)?;
    if proof.named.is_empty() {
        writeln!(out, "   no rule names it")?;
    }
    for rule in proof.missed() {
        writeln!(out, "   not caught by {rule}")?;
    }
    for rule in proof.beside() {
        writeln!(out, "   caught by {rule}, which does not name it")?;
    }
    for outcome in &proof.witnesses {
        let (rule, over) = (outcome.case.scenario.rule.id, outcome.case.over);
        writeln!(out, "   {rule} over {over}: {:?}", outcome.verdict)?;
        for entry in &outcome.transcript {
            writeln!(out, "     {}", crate::report::text::visible(&entry.line()))?;
        }
    }
    Ok(())
}
