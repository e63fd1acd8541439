//! One GET and one POST at a time.

use siospec_server::engine::signals::Input;

use super::rig::Rig;

#[test]
fn a_second_get_closes_the_session_and_releases_the_first() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let first = rig.get(client);
    assert_eq!(rig.poll(client), "overlap");
    assert_eq!(rig.answer(first), "1");
    assert_eq!(rig.poll(client), "Session ID unknown");
}

#[test]
fn a_second_post_closes_the_session_and_cuts_the_first() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let held = rig.get(client);
    let first = rig.post_begins(client);
    assert_eq!(rig.post(client, "40"), "overlap");
    assert_eq!(rig.answer(first), "cut");
    assert_eq!(rig.answer(held), "1");
    assert_eq!(rig.post(client, "40"), "Session ID unknown");
}

#[test]
fn one_get_and_one_post_do_not_overlap() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let held = rig.get(client);
    assert_eq!(rig.post(client, "40"), "ok");
    assert!(rig.answer(held).starts_with("40{"));
}

#[test]
fn a_lost_get_closes_the_session() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let held = rig.get(client);
    rig.input(client, Input::GetLost(held));
    assert_eq!(rig.poll(client), "Session ID unknown");
}

#[test]
fn a_lost_post_closes_the_session() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let post = rig.post_begins(client);
    rig.input(client, Input::PostLost(post));
    assert_eq!(rig.poll(client), "Session ID unknown");
}

#[test]
fn a_refused_body_leaves_the_session_alone() {
    let mut rig = Rig::new();
    let (client, _) = rig.polling();
    let post = rig.post_begins(client);
    rig.input(client, Input::PostRefused(post));
    assert_eq!(rig.post(client, "40"), "ok");
}
