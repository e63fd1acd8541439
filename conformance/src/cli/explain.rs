//! `siospec explain`: one rule.

/// Explain a rule: its sentence, its source, and what breaks it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  siospec explain engine/upgrade/late-poll-released")]
pub struct Args {
    /// The rule's id
    #[arg(value_name = "ID")]
    pub id: String,
}
