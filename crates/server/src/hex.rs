//! Bytes as hexadecimal digits.

/// Two lower-case digits for each byte.
pub(crate) fn digits(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// So many bytes from two digits each; `None` for any other text.
pub(crate) fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let digit =
        |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_two_digits() {
        assert_eq!(digits(&[0, 10, 255]), "000aff");
    }

    #[test]
    fn digits_are_read_back_and_nothing_else_is() {
        assert_eq!(bytes("000aFf"), Some([0, 10, 255]));
        for wrong in ["", "000af", "000aff0", "+f+f+f", "000ag0", "\u{e9}\u{e9}\u{e9}"] {
            assert_eq!(bytes::<3>(wrong), None, "{wrong}");
        }
    }
}
