//! The surface described for machines: an `OpenAPI` 3.1 document, kept by hand.
//!
//! It covers what a request below `/api/v2` may be answered with, the answers of a login and of
//! rates in front of the gateway included, and nothing of Bayeux or of the simulator. It cannot
//! drift unseen: its routes are held against the table that the router is built from, its operation
//! names, examples and schemas against the answers of a running gateway.

/// The description as JSON text.
///
/// The address of the server in it is relative, so it is right wherever the document is served
/// beside `/api/v2`.
pub const OPENAPI: &str = include_str!("openapi.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::ReturnCode;

    fn document() -> Value {
        serde_json::from_str(OPENAPI).unwrap()
    }

    #[test]
    fn it_names_its_format_and_the_version_of_this_crate() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.1");
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(document["servers"][0]["url"], "/");
    }

    #[test]
    fn its_codes_are_the_return_values() {
        let codes = document()["components"]["schemas"]["StatusCode"]["enum"].clone();
        let numbers: Vec<u8> = ReturnCode::ALL.iter().map(|code| code.number()).collect();
        assert_eq!(codes, Value::from(numbers));
    }

    #[test]
    fn each_refusal_holds_the_codes_that_go_with_its_http_status() {
        let document = document();
        let mut refusals = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let Some(responses) = operation.get("responses") else { continue };
                for (http, response) in responses.as_object().unwrap() {
                    if http == "200" {
                        continue;
                    }
                    let name = response["$ref"].as_str().unwrap();
                    let name = name.strip_prefix("#/components/responses/").unwrap();
                    refusals.insert((http.parse::<u16>().unwrap(), name.to_owned()));
                }
                for needed in ["200", "403", "429", "503"] {
                    assert!(responses.get(needed).is_some(), "{needed} at {method} {path}");
                }
            }
        }
        let names: Vec<_> =
            document["components"]["responses"].as_object().unwrap().keys().collect();
        assert_eq!(refusals.len(), names.len(), "each has one HTTP status: {refusals:?}");
        for (http, name) in refusals {
            let response = &document["components"]["responses"][&name];
            let schema = &response["content"]["application/json"]["schema"];
            let codes = schema["allOf"][1]["properties"]["statusCode"]["enum"].as_array().unwrap();
            for code in codes {
                let code = ReturnCode::ALL.into_iter().find(|c| *code == c.number()).unwrap();
                // A body too long, a rate and an absence have an HTTP status of their own.
                let natural = code.http_status().as_u16();
                assert!(http == natural || [413, 429, 503].contains(&http), "{name}: {code:?}");
            }
        }
    }
}
