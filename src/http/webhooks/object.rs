//! Is a body one JSON object, in UTF-8, not deeper than anybody needs?
//!
//! Rows: W5.

use serde::de::IgnoredAny;

const MAX_LEVELS: usize = 64;

/// One JSON object, in UTF-8, not deeper than anybody needs.
pub(super) fn is_object(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'{')
        && std::str::from_utf8(body).is_ok()
        && levels(body) <= MAX_LEVELS
        && serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

/// How deep brackets nest, strings left out. Counted before anything is parsed.
fn levels(body: &[u8]) -> usize {
    let (mut level, mut deepest) = (0_usize, 0_usize);
    let (mut in_text, mut is_escaped) = (false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                level += 1;
                deepest = deepest.max(level);
            }
            b'}' | b']' if !in_text => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
