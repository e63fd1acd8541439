//! The page: rules by servers.

use maud::{Markup, html};

use super::{Column, badness, summed};
use crate::{report::html::page as whole, rule::Rule};

/// The page, one file without external parts.
pub(super) fn page(rules: &[&Rule], columns: &[Column]) -> Markup {
    let mut groups: Vec<&str> = rules.iter().map(|rule| rule.group()).collect();
    groups.dedup();
    let body = html! {
        header {
            h1 { "siospec " span.dim { (env!("CARGO_PKG_VERSION")) " · rules by servers" } }
            p.dim { "Green: the rule held. Red: it is broken, or the server died. Violet: known to be broken. "
                "Yellow: a rule that decides nothing differs. Grey: not offered. Point at a square for more." }
            table.servers {
                tr { th { "server" } th { "calls itself" } th { "cases" } }
                @for column in columns {
                    tr { td { b { (column.name) } } td.dim { (column.called) } td { (summed(&column.counts)) } }
                }
            }
        }
        main {
            table.grid {
                @for group in &groups {
                    tr {
                        th { (group) }
                        @for column in columns { th.server { (column.name) } }
                    }
                    @for rule in rules.iter().filter(|rule| rule.group() == *group) {
                        tr {
                            td { code title=(rule.says) { (rule.id) } span.dim { " " (rule.level) } }
                            @for column in columns { td.server { (square(column, rule)) } }
                        }
                    }
                }
            }
        }
    };
    whole("siospec · rules by servers", &body)
}

/// What became of a rule at a server, over all transports.
fn square(column: &Column, rule: &Rule) -> Markup {
    let cases = column.rules.get(rule.id).map(Vec::as_slice).unwrap_or_default();
    let Some(worst) = cases.iter().max_by_key(|case| badness(case).0) else { return html! {} };
    let mut told = vec![format!("{} · {} over {}", column.name, badness(worst).1, worst.over)];
    let more = [&worst.reason, &worst.message];
    told.extend(more.into_iter().flatten().map(|text| text.lines().next().unwrap_or_default().to_owned()));
    if let Some((expected, observed)) = worst.expected.as_ref().zip(worst.observed.as_ref()) {
        told.push(format!("want {expected}\ngot {observed}"));
    }
    html! { span class={ "square " (badness(worst).1) } title=(told.join("\n")) {} }
}
