//! How deep a JSON text nests, found without building anything.
//!
//! Runs before the parser, so that a body of brackets costs one pass over its bytes and no stack.
//! It trusts nothing: on text that is not JSON the answer may be off, and the parser then refuses
//! the text.

/// Whether arrays and objects nest deeper than `limit` anywhere in `json`.
pub(crate) fn exceeds(json: &[u8], limit: usize) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in json {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_arrays_and_objects_alike() {
        assert!(!exceeds(br#"{"a":[{"b":1}]}"#, 3));
        assert!(exceeds(br#"{"a":[{"b":1}]}"#, 2));
    }

    #[test]
    fn siblings_do_not_add_up() {
        assert!(!exceeds(b"[[],[],[],[]]", 2));
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert!(!exceeds(br#"{"a":"[[[[\"[[[["}"#, 1));
    }
}
