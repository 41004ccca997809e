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
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => exponential(digits, exponent),
        Ok(_) | Err(_) => value.to_string(),
    }
}

/// At least two digits of exponent, and always its sign.
fn exponential(digits: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}
