//! Do all partners give what they have, to the right account, with consent, and learn nothing else?

mod accounts;
mod breaker;
mod catalogue;
mod choice;
mod credits;
mod faults;
mod lifecycle;
mod look_ups;
mod partner_blind;
mod referrals;

/// A number that is one at each partner.
pub fn number_at(partner: &str) -> Option<&'static str> {
    Some(match partner {
        "energy-australia" => "12345678905",
        "agl" => "1234567890",
        "origin" => "A-5AE579CD",
        "telstra" => "12345678903",
        "optus" => "400079231",
        "opal" => "3085 2200 1234 5670",
        "myki" => "308425123456780",
        "woolworths" | "coles" | "aldi" | "kmart" | "target" => "6280003123456789012",
        _ => return None,
    })
}
