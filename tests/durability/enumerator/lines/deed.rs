//! What does a statement do, in a word that is the same in every run?
//!
//! An append is called by its events, the rows of a read model by its name, everything else by the
//! table. Tables that are written whether something happened or not, once a second, are left out.

/// Written by looks that find nothing as well.
const LOOKS: [&str; 1] = ["alert_looks"];

/// What a client says that it wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// To begin a transaction.
    Begin,
    /// To commit it.
    Commit,
    /// To write something.
    Write(Deed),
    /// Something that changes nothing.
    Other,
}

/// Something that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// Its name.
    pub name: String,
    /// Whether it names what all of its transaction is about.
    pub is_title: bool,
    /// Whether it is a function's call, which is counted whatever it answers.
    pub is_call: bool,
}

/// What `sql` wishes, with the values of its `Bind`, if it has one.
pub fn wish(sql: &str, bind: Option<&[u8]>) -> Wish {
    let words: Vec<&str> = sql.split_whitespace().collect();
    let is = |n: usize, word: &str| words.get(n).is_some_and(|w| w.eq_ignore_ascii_case(word));
    if is(0, "BEGIN") {
        return Wish::Begin;
    }
    if is(0, "COMMIT") {
        return Wish::Commit;
    }
    let values = bind.map(values).unwrap_or_default();
    if sql.contains("ledger_append(") {
        return append(&values.get(8).map(|value| array(value)).unwrap_or_default());
    }
    if sql.contains("ledger_append_one(") {
        return append(&values.get(3).map(|value| text(value)).into_iter().collect::<Vec<_>>());
    }
    let table = words.windows(3).enumerate().find_map(|(at, three)| {
        let same = |n: usize, word: &str| three[n].eq_ignore_ascii_case(word);
        let is_locking = at > 0 && words[at - 1].eq_ignore_ascii_case("FOR");
        let is_upsert = at > 0 && words[at - 1].eq_ignore_ascii_case("DO");
        if same(0, "INSERT") && same(1, "INTO") || same(0, "DELETE") && same(1, "FROM") {
            return Some((three[0], three[2]));
        }
        (same(0, "UPDATE") && !is_locking && !is_upsert).then_some((three[0], three[1]))
    });
    let Some((verb, table)) = table else { return Wish::Other };
    let table: String = table.chars().take_while(|c| *c != '(').collect();
    let table = table.rsplit('.').next().unwrap_or_default().trim_matches('"').to_owned();
    if LOOKS.contains(&table.as_str()) {
        return Wish::Other;
    }
    let is_title = table == "checkpoints";
    let name = match values.first().map(|value| text(value)) {
        Some(model) if is_title && verb.eq_ignore_ascii_case("UPDATE") => {
            format!("rows of {model}")
        }
        _ => format!("{} {table}", verb.to_lowercase()),
    };
    Wish::Write(Deed { name, is_title, is_call: false })
}

fn append(events: &[String]) -> Wish {
    let name = format!("append {}", events.join("+"));
    Wish::Write(Deed { name, is_title: true, is_call: true })
}

/// The name of a `Bind`'s statement, and the rest of it.
pub fn bound(bind: &[u8]) -> Option<&[u8]> {
    let after_portal = bind.iter().position(|byte| *byte == 0)? + 1;
    let rest = &bind[after_portal..];
    let end = rest.iter().position(|byte| *byte == 0)?;
    Some(&rest[..end])
}

/// The values of a `Bind`; a null is an empty one.
fn values(bind: &[u8]) -> Vec<&[u8]> {
    values_in(bind).unwrap_or_default()
}

fn values_in(bind: &[u8]) -> Option<Vec<&[u8]>> {
    let portal = bind.iter().position(|byte| *byte == 0)? + 1;
    let mut rest = &bind[portal..];
    rest = &rest[rest.iter().position(|byte| *byte == 0)? + 1..];
    let formats = take_u16(&mut rest)?;
    rest = rest.get(usize::from(formats) * 2..)?;
    let count = take_u16(&mut rest)?;
    let mut values = Vec::new();
    for _ in 0..count {
        values.push(take_value(&mut rest)?);
    }
    Some(values)
}

fn take_u16(rest: &mut &[u8]) -> Option<u16> {
    let (two, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u16::from_be_bytes(*two))
}

fn take_value<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (four, after) = rest.split_first_chunk()?;
    let length = usize::try_from(i32::from_be_bytes(*four)).unwrap_or(0);
    let (value, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(value)
}

/// The elements of an array in the binary format: a head, then each with its length.
fn array(value: &[u8]) -> Vec<String> {
    const HEAD: usize = 20;
    let mut rest = value.get(HEAD..).unwrap_or_default();
    std::iter::from_fn(|| take_value(&mut rest).map(text)).collect()
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}
