//! How a server is judged from within a test of its own: this file is the example, and the proof that it works.
#![cfg(feature = "embedded")]

use siospec::{
    scenario::{Contract, Transport},
    target::{Approach, Target, TargetError},
};
use siospec_server::{Config, Fault, Server};

/// A server that runs in this test, and its address.
async fn server(config: Config) -> (Server, Target) {
    let server = Server::bind(config, "127.0.0.1:0").await.expect("a free port is always to be had");
    let authority = server.local_addr().to_string();
    (server, Target::Url { authority })
}

/// Pings that are not in a hurry.
fn config() -> Config {
    Config { ping_timeout: std::time::Duration::from_secs(4), ..Config::testee() }
}

#[tokio::test(flavor = "multi_thread")]
async fn my_server_is_conformant() -> Result<(), TargetError> {
    let (server, target) = server(config()).await;
    let judgement = siospec::judge(target)
        .rules(["socket/events", "delivery/rooms"])
        .over([Transport::Polling, Transport::Websocket])
        .contract(Contract::Delivery)
        .await?;
    server.shutdown().await;
    judgement.assert_conformant();
    assert!(judgement.passed() > 20, "{judgement}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_rule_is_told() -> Result<(), TargetError> {
    let (server, target) = server(config().with_fault(Fault::RoomFilterIgnored)).await;
    let approach = Approach { timeout_scale: 0.3, ..Approach::default() };
    let judging = siospec::judge(target).approach(approach).rules(["delivery/rooms/members-only"]);
    let judgement = judging.clone().await?;
    let known = judging.known(["delivery/rooms/*"]).await?;
    server.shutdown().await;
    assert!(!judgement.is_conformant());
    let told = judgement.to_string();
    assert!(
        told.contains("delivery/rooms/members-only over") && told.contains("want nothing more"),
        "{told}"
    );
    assert!(known.failures().is_empty(), "{known}");
    Ok(())
}

#[tokio::test]
async fn rules_that_do_not_exist_are_a_mistake() {
    let target = Target::Url { authority: "127.0.0.1:1".to_owned() };
    let judging = siospec::judge(target).rules(["delivery/rooms"]);
    // One among others is a mistake as well: what it was meant to choose would not be judged.
    for wrong in [judging.clone().rules(["no/such/rule"]), judging.known(["no/such/rule"])] {
        let wrong = wrong.await.expect_err("there is nothing to judge");
        assert!(wrong.to_string().contains("no/such/rule"), "{wrong}");
    }
}
