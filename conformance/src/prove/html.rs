//! The kill matrix as an HTML page: a drawing of rules by faults, and the faults in words.

use std::io::{self, Write};

use maud::{Markup, html};

use super::{Matrix, Proof};
use crate::report::html::page;

/// Measures of the drawing in pixels: a cell, the names of rules on the left, the names of faults on top.
const CELL: usize = 11;
const RULES: usize = 290;
const FAULTS: usize = 200;

impl Matrix {
    /// Writes the matrix as one HTML file without external parts.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write_html(&self, out: &mut impl Write) -> io::Result<()> {
        let body = html! {
            header {
                h1 { "siospec " span.dim { (env!("CARGO_PKG_VERSION")) " · kill matrix" } }
                p { (self.sum()) }
            }
            main {
                p.dim { "A square says that the rule on the left caught the fault on top; an empty one, that it "
                    "should have; a red one, that it does not name the fault." }
                (self.drawing())
                h2 { "The faults" }
                table {
                    tr { th { "fault" } th { "what the server does wrong" } th { "caught by" } }
                    @for proof in &self.proofs { (row(proof)) }
                }
            }
        };
        out.write_all(page("siospec · kill matrix", &body).into_string().as_bytes())?;
        out.flush()
    }

    fn drawing(&self) -> Markup {
        let width = RULES + self.proofs.len() * CELL + 120;
        let height = FAULTS + self.rules.len() * CELL + 10;
        let left = |column: usize| RULES + column * CELL;
        let top = |row: usize| FAULTS + row * CELL;
        html! {
            div.matrix {
                svg viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) role="img"
                    aria-label="Rules by faults" {
                    @for (row, rule) in self.rules.iter().enumerate() {
                        @if row.is_multiple_of(2) {
                            rect.band x="0" y=(top(row)) width=(width) height=(CELL) {}
                        }
                        text x=(RULES - 6) y=(top(row) + CELL - 2) text-anchor="end" { (rule) }
                    }
                    @for (column, proof) in self.proofs.iter().enumerate() {
                        @let (x, y) = (left(column) + CELL - 2, FAULTS - 5);
                        text x=(x) y=(y) transform={ "rotate(-60 " (x) " " (y) ")" } {
                            title { (proof.fault.wrong) } (proof.fault.name)
                        }
                        @for (row, rule) in self.rules.iter().enumerate() {
                            @if let Some(class) = cell(proof, rule) {
                                rect class=(class) x=(left(column) + 1) y=(top(row) + 1) width=(CELL - 2)
                                    height=(CELL - 2) { title { (rule) " × " (proof.fault.name) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How a fault and a rule stand to each other, if there is anything between them.
fn cell(proof: &Proof, rule: &str) -> Option<&'static str> {
    match (proof.named.contains(rule), proof.caught.contains_key(rule)) {
        (true, true) => Some("kill"),
        (true, false) => Some("missed"),
        (false, true) => Some("beside"),
        (false, false) => None,
    }
}

fn row(proof: &Proof) -> Markup {
    html! {
        tr {
            td { code { (proof.fault.name) } }
            td { (proof.fault.wrong) }
            td {
                @for (rule, over) in &proof.caught {
                    div { code { (rule) } span.dim {
                        @for over in over { " " (over) }
                    } }
                }
                @for rule in proof.missed() { div { span.mark.fail { "missed" } code { (rule) } } }
            }
        }
    }
}
