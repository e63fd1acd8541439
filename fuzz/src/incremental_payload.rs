//! Polling bodies that come in pieces.

use crate::naive::stream::{Outcome, counted, measured, separated};
use siospec_codec::engine::stream::{Framing, Separated, Stream};
use siospec_codec::engine::v3::{Counted, Measured};
use siospec_codec::testing::EnginePacket;
use siospec_codec::{Limits, Profile};

/// Any split of a body gives the packets and the error of the whole body, for each of the three framings;
/// with limits that are met, any split gives those of any other; and no more is held than is allowed.
///
/// The first byte says how many cuts there are, as many bytes follow that say how far apart, and the body is
/// the rest.
pub fn holds(data: &[u8]) {
    let Some((cuts, rest)) = data.split_first() else { return };
    let (cuts, body) = rest.split_at(usize::from(*cuts % 8).min(rest.len()));
    // The readers of whole bodies hold nothing, so only the reader of pieces has a limit of bytes.
    let endless = Limits { max_packet_bytes: usize::MAX, ..Limits::DEFAULT };
    for profile in [Profile::strict(endless), Profile::reference()] {
        assert_eq!(pieces::<Separated>(body, cuts, profile), separated(body, &profile));
        if let Some(text) = counted(body, &profile) {
            assert_eq!(pieces::<Counted>(body, cuts, profile), text);
        }
        any_split::<Counted>(body, cuts, profile);
        any_split::<Measured>(body, cuts, profile);
    }
    let strict = Profile::strict(endless);
    assert_eq!(pieces::<Measured>(body, cuts, strict), measured(body, &strict));
    let small = Limits { max_packets: 3, max_packet_bytes: 9, ..Limits::DEFAULT };
    any_split::<Separated>(body, cuts, Profile::strict(small));
    any_split::<Counted>(body, cuts, Profile::strict(small));
    any_split::<Measured>(body, cuts, Profile::strict(small));
    let few = Limits { max_packets: 2, ..Limits::DEFAULT };
    assert_eq!(pieces::<Separated>(body, cuts, Profile::strict(few)), separated(body, &Profile::strict(few)));
}

/// Cut as the input says, into single bytes, and not at all.
fn any_split<F: Framing>(body: &[u8], cuts: &[u8], profile: Profile) {
    let uncut = pieces::<F>(body, &[], profile);
    assert_eq!(pieces::<F>(body, cuts, profile), uncut);
    assert_eq!(pieces::<F>(body, &[1], profile), uncut);
}

/// Reads a body cut into pieces of these lengths, over and over; a length of 0 is a piece of nothing.
fn pieces<F: Framing>(body: &[u8], cuts: &[u8], profile: Profile) -> Outcome {
    let mut stream = Stream::<F>::with_profile(profile);
    let mut packets = Vec::new();
    let mut rest = body;
    let mut lengths = cuts.iter().cycle().take(cuts.len() * (body.len() + 1));
    loop {
        let length = lengths.next().map_or(rest.len(), |length| usize::from(*length).min(rest.len()));
        let (mut piece, behind) = rest.split_at(length);
        rest = behind;
        loop {
            let left = piece.len();
            match stream.read(&mut piece) {
                Ok(Some(packet)) => packets.push(EnginePacket::of(&packet)),
                Ok(None) => break,
                Err(error) => {
                    assert!(error.offset <= body.len() && stays_ended(&mut stream));
                    return (packets, Some(error));
                }
            }
            // A packet costs at least a byte, or is the first of a body whose frames begin by themselves.
            assert!(piece.len() < left);
        }
        assert!(piece.is_empty(), "a chunk is used up before more is asked for");
        assert!(stream.held_bytes() <= 2 * profile.limits.max_packet_bytes.min(body.len()));
        if rest.is_empty() {
            break;
        }
    }
    match stream.finish() {
        Ok(packet) => packets.extend(packet.map(|packet| EnginePacket::of(&packet))),
        Err(error) => {
            assert!(error.offset <= body.len() && stays_ended(&mut stream));
            return (packets, Some(error));
        }
    }
    assert!(stays_ended(&mut stream));
    (packets, None)
}

/// After the end, and after an error, every chunk is swallowed.
fn stays_ended<F: Framing>(stream: &mut Stream<F>) -> bool {
    let mut more = &b"42[]"[..];
    stream.read(&mut more) == Ok(None) && more.is_empty() && stream.finish() == Ok(None)
}
