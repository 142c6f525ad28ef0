//! A quarter: what rules of law and of the house ask about.
//!
//! Rows: A3.

use super::super::figures::Figures;
use super::super::model::{Cell, Section};
use super::monthly::{open_breaks, roll_forward};

/// What is counted: what it is about, what is said of it, and the event.
const COUNTED: [(&str, &str, &str); 15] = [
    ("expiry", "vouchers given", "VoucherIssued"),
    ("expiry", "vouchers that ended unspent", "VoucherExpired"),
    ("consent", "consents given", "ConsentGiven"),
    ("consent", "consents withdrawn", "ConsentWithdrawn"),
    ("erasure", "erasures asked for", "ErasureRequested"),
    ("erasure", "members forgotten", "MemberErased"),
    ("settled by people", "outcomes that two people attested", "OutcomeAttested"),
    ("settled by people", "differences forced", "BreakForced"),
    ("settled by people", "differences resolved", "BreakResolved"),
    ("access to codes", "looks at a code", "VoucherRevealed"),
    ("secrets", "partners' credentials changed", "PartnerCredentialsChanged"),
    ("secrets", "partners certified", "PartnerCertified"),
    ("late values", "values that surfaced late", "LateIssueFound"),
    ("late values", "late values that were lost", "LateIssueLost"),
    ("periods", "months closed", "PeriodClosed"),
];

/// What is counted, the value behind it, what differs, and how much of the log that rests on.
pub(super) fn sections(figures: &Figures) -> Vec<Section> {
    vec![compliance(figures), forced(figures), roll_forward(figures), open_breaks(figures)]
}

fn compliance(figures: &Figures) -> Section {
    let counts = &figures.compliance;
    let row = |about: &str, what: &str, count| {
        vec![Cell::text(about), Cell::text(what), Cell::count(count)]
    };
    let mut rows: Vec<Vec<Cell>> =
        COUNTED.iter().map(|(about, what, event)| row(about, what, counts.count(event))).collect();
    let early = "vouchers that end sooner than three years after they were given";
    rows.push(row("expiry", early, counts.ends_early));
    rows.push(row("expiry", "vouchers that do not say when they end", counts.ends_unsaid));
    let read = Cell::Count(figures.position.0);
    rows.push(vec![Cell::text("replay"), Cell::text("events that these figures rest on"), read]);
    Section { name: "compliance", columns: &["about", "what", "count"], rows }
}

fn forced(figures: &Figures) -> Section {
    let rows = figures.compliance.forced.iter();
    let rows =
        rows.map(|(currency, sum)| vec![Cell::text(currency.to_string()), Cell::Amount(*sum)]);
    Section { name: "forced_differences", columns: &["currency", "amount"], rows: rows.collect() }
}
