//! A sequence diagram of what crossed the wire, as SVG: time goes down, each actor has a line, the server the
//! last one; what was said stands beside its arrow.

use maud::{Markup, html};

use crate::report::{
    event::{Line, Way},
    text::{elide, excerpt, visible},
};

/// Lines that are always drawn: from the head of a timeline, and from its tail.
const SHOWN: (usize, usize) = (20, 40);
/// Characters beside an arrow, and characters that its tooltip shows.
const LABEL: usize = 110;
const TOOLTIP: usize = 2000;

/// Measures in pixels.
const ROW: usize = 20;
const HEAD: usize = 28;
const TIME: usize = 64;
const LANE: usize = 84;
const CHARACTER: usize = 7;

/// Draws the timeline of a case.
pub(super) fn diagram(lines: &[Line]) -> Markup {
    let mut actors: Vec<&str> = Vec::new();
    for line in lines {
        if !actors.contains(&line.actor.as_str()) {
            actors.push(&line.actor);
        }
    }
    let lane = |number: usize| TIME + LANE / 2 + number * LANE;
    let server = lane(actors.len());
    let text = server + LANE / 2;
    let rows = excerpt(lines, SHOWN.0, SHOWN.1);
    let height = HEAD + rows.len() * ROW + 10;
    let width = text + LABEL * CHARACTER;
    let heads = actors.iter().copied().chain(["server"]).enumerate();
    html! {
        div.sequence {
            svg viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) role="img"
                aria-label="What crossed the wire" {
                @for (number, name) in heads {
                    text.actor x=(lane(number)) y="16" text-anchor="middle" { (visible(&elide(name, 12))) }
                    line.life x1=(lane(number)) x2=(lane(number)) y1=(HEAD - 6) y2=(height - 4) {}
                }
                @for (number, row) in rows.iter().enumerate() {
                    @let middle = HEAD + number * ROW + ROW / 2;
                    @match row {
                        Some(line) => {
                            @let place = actors.iter().position(|actor| *actor == line.actor).unwrap_or(0);
                            (arrow(line, lane(place), server, text, middle))
                        }
                        None => text.dim x=(text) y=(middle + 4) { "…" },
                    }
                }
            }
        }
    }
}

/// One line of a timeline, drawn at this height.
fn arrow(line: &Line, actor: usize, server: usize, text: usize, middle: usize) -> Markup {
    const TIP: usize = 6;
    let (tip, back) = match line.way {
        Way::Sent => (server, server - TIP),
        Way::Received | Way::Note => (actor, actor + TIP),
    };
    let class = match (line.guilty, line.way) {
        (true, _) => "entry guilty",
        (false, Way::Note) => "entry note",
        (false, _) => "entry",
    };
    let points =
        format!("{tip},{middle} {back},{} {back},{}", middle.saturating_sub(TIP / 2), middle + TIP / 2);
    html! {
        g class=(class) {
            title { (visible(&elide(&line.what, TOOLTIP))) }
            @if line.guilty {
                rect x="0" y=(middle - ROW / 2) width="100%" height=(ROW) {}
            }
            text.time x=(TIME - 8) y=(middle + 4) text-anchor="end" {
                (format!("+{:.3}", std::time::Duration::from_millis(line.at_ms).as_secs_f64()))
            }
            @if line.way == Way::Note {
                circle cx=(actor) cy=(middle) r="3" {}
            } @else {
                line x1=(actor) x2=(server) y1=(middle) y2=(middle) {}
                polygon points=(points) {}
            }
            text x=(text) y=(middle + 4) { (visible(&elide(&line.what, LABEL))) }
        }
    }
}
