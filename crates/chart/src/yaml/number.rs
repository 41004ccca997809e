//! Numbers as text.

/// `value` as Helm writes it where text is wanted: as short as it can be for 32 bits, `%g`.
///
/// So `appVersion: 1.10` is `1.1`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "what is read as 64 bits is written as 32, as Helm does"
)]
pub(crate) fn go_text(value: f64) -> String {
    let value = value as f32;
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    shortest(&format!("{value:e}"), || value.to_string())
}

/// The finite number `value` as Helm writes it after it went through JSON: whole where it is an
/// integer of 64 bits, else as short as it can be, `%g`.
pub(crate) fn json_number(value: f64) -> String {
    let whole = value.to_string();
    if whole.parse::<i64>().is_ok_and(|whole| whole == 0) {
        return "0".to_owned(); // and minus zero
    }
    if whole.parse::<i64>().is_ok() || whole.parse::<u64>().is_ok() {
        return whole;
    }
    shortest(&format!("{value:e}"), || whole)
}

/// Go's `%g` with as many digits as it takes: with an exponent that is less than -4 or more than 5.
fn shortest(scientific: &str, plain: impl FnOnce() -> String) -> String {
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific.to_owned();
    };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => exponential(digits, exponent),
        Ok(_) | Err(_) => plain(),
    }
}

/// At least two digits of exponent, and always its sign.
fn exponential(digits: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}
