//! Is what our accounts say of a float what its partner says is left of it?
//!
//! What a float came to is told by what went in and out of it; what the partner last said of it is
//! held against what our accounts said at that moment.
//!
//! Rows: A2, A3.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::AnchorEvent;
use domain::money::Currency;
use domain::partner::PartnerEvent;
use projections::Recorded;
use projections::journal::{Balances, Entry};
use rust_decimal::Decimal;

const FLOAT: &str = "assets:float:";

/// What partners last said, by partner and currency.
pub type Said = BTreeMap<(String, Currency), LastWord>;

/// What a partner last said was left of a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastWord {
    /// What is left, by the partner.
    pub balance: Decimal,
    /// When it said so.
    pub at: DateTime<Utc>,
    /// What was left then, by our accounts.
    pub recorded: Decimal,
}

/// Takes note of what an event says was left, beside what accounts hold at that moment.
pub fn note(said: &mut Said, recorded: &Recorded, held: &Balances) {
    let AnchorEvent::Partner(PartnerEvent::FloatLowReported(e)) = &recorded.event else { return };
    let partner = recorded.aggregate_id.clone();
    let ours = held.of(&format!("{FLOAT}{partner}"), e.currency).net();
    let word = LastWord { balance: e.balance.decimal(), at: e.occurred_at, recorded: ours };
    said.insert((partner, e.currency), word);
}

/// What became of a float.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// Before.
    pub opening: Decimal,
    /// Paid in, less what came back from the partner.
    pub paid_in: Decimal,
    /// Given to members out of it.
    pub issued: Decimal,
    /// Put back: taken back unspent.
    pub put_back: Decimal,
    /// Whatever else it became more by.
    pub other: Decimal,
    /// After, as accounts say.
    pub closing: Decimal,
}

/// By partner and currency, of every float that ever was.
#[must_use]
pub fn proofs(
    (opening, closing): (&Balances, &Balances),
    entries: &[Entry],
) -> BTreeMap<(String, Currency), Proof> {
    let mut proofs: BTreeMap<(String, Currency), Proof> = BTreeMap::new();
    for (account, currency, held) in closing.iter() {
        let Some(partner) = account.strip_prefix(FLOAT) else { continue };
        let (opening, closing) = (opening.of(account, currency).net(), held.net());
        let proof = Proof { opening, closing, ..Proof::default() };
        proofs.insert((partner.to_owned(), currency), proof);
    }
    for entry in entries {
        let posting = &entry.posting;
        let amount = posting.amount.decimal();
        for (account, more) in
            [(&posting.debit_account, amount), (&posting.credit_account, -amount)]
        {
            let Some(partner) = account.strip_prefix(FLOAT) else { continue };
            let proof = proofs.entry((partner.to_owned(), posting.currency)).or_default();
            // A reward takes from a float what is issued, and puts back what is taken back.
            match &entry.reward_id {
                _ if entry.event_type == "SettlementRecorded" => proof.paid_in += more,
                Some(_) if more.is_sign_negative() => proof.issued -= more,
                Some(_) => proof.put_back += more,
                None => proof.other += more,
            }
        }
    }
    proofs
}
