//! Who loses its connection and comes back.

use super::*;

/// Client 1 loses its connection, misses an event, and comes back.
fn away() -> Pen {
    let mut pen = Pen::two().with(RECOVERS);
    pen.note(Record::Fades { socket: 1 });
    pen.note(Record::Gone { socket: 1 });
    pen.emits(0, 1, others());
    pen.note(Record::Returns { socket: 1 });
    pen
}

#[test]
fn who_comes_back_hears_what_it_missed() {
    let mut pen = away();
    pen.note(Record::Recovered { socket: 1, pid: None });
    pen.hears(1, 1, 1);
    pen.fences();
    pen.shows(&[]);
}

#[test]
fn recovery_gap() {
    let mut pen = away();
    pen.note(Record::Recovered { socket: 1, pid: None });
    pen.fences();
    pen.shows(&[Anomaly::RecoveryGap]);
}

#[test]
fn who_is_not_let_back_in_has_a_gap() {
    let mut pen = away();
    pen.note(Record::Refused { socket: 1 });
    pen.shows(&[Anomaly::RecoveryGap]);
}

#[test]
fn recovery_repeat() {
    let mut pen = away();
    pen.note(Record::Recovered { socket: 1, pid: None });
    pen.hears(1, 1, 1);
    pen.hears(1, 1, 1);
    pen.shows(&[Anomaly::RecoveryRepeat]);
}

#[test]
fn what_was_heard_before_the_loss_is_not_heard_again() {
    let mut pen = Pen::two().with(RECOVERS);
    pen.emits(0, 1, others());
    pen.hears(1, 1, 1);
    pen.note(Record::Fades { socket: 1 });
    pen.note(Record::Gone { socket: 1 });
    pen.note(Record::Returns { socket: 1 });
    pen.note(Record::Recovered { socket: 1, pid: None });
    pen.hears(1, 1, 1);
    pen.shows(&[Anomaly::RecoveryRepeat]);
}

#[test]
fn who_comes_back_may_hear_of_a_room_that_it_joined_late() {
    for (heard_since, wanted) in [(false, &[][..]), (true, &[Anomaly::Leak])] {
        let mut pen = Pen::two().with(RECOVERS);
        pen.emits(0, 1, room("r"));
        if heard_since {
            pen.emits(0, 2, others());
            pen.hears(1, 1, 2);
        }
        pen.joins(1, "r", true);
        pen.note(Record::Fades { socket: 1 });
        pen.note(Record::Gone { socket: 1 });
        pen.note(Record::Returns { socket: 1 });
        pen.note(Record::Recovered { socket: 1, pid: None });
        pen.hears(1, 1, 1);
        // That it is out of order too, is the same said twice.
        let names: Vec<_> = check(&pen.history).iter().map(|it| it.anomaly).collect();
        assert_eq!(names, wanted);
    }
}
