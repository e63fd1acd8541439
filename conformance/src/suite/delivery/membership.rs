//! Joining and leaving rooms, in every order.

use serde_json::json;

use super::{emit, enters, news};
use crate::{
    rule::{Rule, Source},
    scenario::needs::{DELIVERY, feature},
    scenarios,
    stage::{Client, Stage},
    verdict::{Check, SetUp},
};

const SEVERAL: Rule = Rule::docs(
    "delivery/membership/several",
    Source::docs("Rooms"),
    "A socket can join several rooms at once.",
)
.broken_by(&["only-first-room-joined", "join-ignored"]);

const LEAVE_SEVERAL: Rule = Rule::docs(
    "delivery/membership/leave-several",
    Source::docs("Rooms"),
    "A socket that leaves several rooms one after the other is in none of them.",
)
.broken_by(&["only-first-room-left", "leave-ignored", "room-filter-ignored", "unknown-room-reaches-all"]);

const TWICE: Rule = Rule::reference(
    "delivery/membership/twice",
    Source::observed("a room is a set: it is left at once, however often it was joined"),
    "A socket that joined a room twice leaves it once.",
)
.broken_by(&["joins-counted", "leave-ignored", "room-filter-ignored", "unknown-room-reaches-all"]);

const AGAIN: Rule = Rule::docs(
    "delivery/membership/again",
    Source::docs("Rooms"),
    "A socket that has left a room can join it again.",
)
.broken_by(&["rejoin-ignored", "join-ignored"]);

const OWN_LEFT: Rule = Rule::reference(
    "delivery/membership/own-id-left",
    Source::observed("the room named after a socket can be left"),
    "A socket that has left the room of its id no longer hears what is sent there.",
)
.broken_by(&["own-room-stays", "leave-ignored", "room-filter-ignored", "unknown-room-reaches-all"]);

const WITHOUT_OWN: Rule = Rule::should(
    "delivery/membership/without-own-room",
    Source::docs("Broadcasting events"),
    "A socket that has left the room of its id does not hear its own broadcasts, though with the reference it does.",
)
.broken_by(&["without-own-room-hears-itself", "broadcast-includes-sender"])
.seen(&["socket.io#4524"]);

const NOT_REMEMBERED: Rule = Rule::docs(
    "delivery/membership/not-remembered",
    Source::docs("Broadcasting events"),
    "The rooms of one message are not those of the next.",
)
.broken_by(&["rooms-remembered", "room-filter-ignored"])
.seen(&["socket.io#2962", "socket.io#2996"]);

scenarios! {
    SEVERAL => members_of_the_second_hear over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("rooms")];
    LEAVE_SEVERAL => nothing_is_heard_of_both over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms")];
    TWICE => leaving_once_is_enough over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("rooms")];
    AGAIN => a_member_again_hears over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("rooms")];
    OWN_LEFT => the_own_room_is_left over [Polling, Websocket, Upgraded] needs [DELIVERY, feature("rooms")];
    WITHOUT_OWN => the_sender_stays_excluded over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms")] beside nobody;
    NOT_REMEMBERED => everybody_hears_the_next over [Polling, Websocket, Upgraded]
        needs [DELIVERY, feature("rooms")] beside nobody;
}

async fn members_of_the_second_hear(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    bob.commands(json!({ "op": "join", "rooms": [stage.own("red"), stage.own("blue")] })).await?;
    alice.commands(emit(stage, "hello", json!({ "to": [stage.own("blue")] }))).await?;
    bob.hears(news(stage, "hello")).await
}

async fn nothing_is_heard_of_both(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    enters(stage, &mut bob, "blue").await?;
    bob.commands(json!({ "op": "leave", "rooms": [stage.own("red"), stage.own("blue")] })).await?;
    alice.commands(emit(stage, "hello", json!({ "to": [stage.own("blue")] }))).await?;
    bob.hears_nothing_more().await
}

async fn leaving_once_is_enough(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    enters(stage, &mut bob, "red").await?;
    leaves(stage, &mut bob, "red").await?;
    alice.commands(emit(stage, "hello", json!({ "to": [stage.own("red")] }))).await?;
    bob.hears_nothing_more().await
}

async fn a_member_again_hears(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    leaves(stage, &mut bob, "red").await?;
    enters(stage, &mut bob, "red").await?;
    alice.commands(emit(stage, "hello", json!({ "to": [stage.own("red")] }))).await?;
    bob.hears(news(stage, "hello")).await
}

async fn the_own_room_is_left(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    bob.commands(json!({ "op": "leave", "rooms": [bob.sid] })).await?;
    alice.commands(emit(stage, "psst", json!({ "to": [bob.sid] }))).await?;
    bob.hears_nothing_more().await
}

async fn the_sender_stays_excluded(stage: &mut Stage) -> Check {
    let [mut alice, mut bob] = stage.join("/").await?;
    alice.commands(json!({ "op": "leave", "rooms": [alice.sid] })).await?;
    alice.commands(emit(stage, "hello", json!({ "broadcast": true }))).await?;
    bob.hears(news(stage, "hello")).await.set_up("hearing it as another")?;
    alice.hears_nothing_more().await
}

async fn everybody_hears_the_next(stage: &mut Stage) -> Check {
    let [mut alice, mut bob, mut carol] = stage.join("/").await?;
    enters(stage, &mut bob, "red").await?;
    alice.commands(emit(stage, "for red", json!({ "to": [stage.own("red")] }))).await?;
    alice.commands(emit(stage, "for all", json!({ "broadcast": true }))).await?;
    carol.hears(news(stage, "for all")).await
}

/// Has the client leave a room of this case, as set-up.
async fn leaves(stage: &Stage, client: &mut Client, room: &str) -> Check {
    let command = json!({ "op": "leave", "rooms": [stage.own(room)] });
    client.commands(command).await.set_up("leaving a room").map(drop)
}
