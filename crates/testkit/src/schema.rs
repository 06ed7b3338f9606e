//! Whether a JSON value is what a schema of the description says, and no more than that.
//!
//! The part of JSON Schema that the description uses. An object may have only the members that are
//! named, unless its schema says otherwise: a member the description forgot is an error here.
//! A keyword that is neither checked nor known to be harmless is an error as well.

use serde_json::Value;

/// Keywords that are for readers, or that bound what a client may send.
const NOT_CHECKED: [&str; 9] = [
    "description",
    "discriminator",
    "examples",
    "format",
    "maxLength",
    "maximum",
    "minLength",
    "minimum",
    "pattern",
];

/// What a schema that we wrote ourselves is.
const SCHEMA: &str = "a schema in the form that is used here";

/// Why `value` is not what `schema` of `document` says, if it is not.
///
/// # Errors
///
/// The rule that does not hold, and for what.
///
/// # Panics
///
/// If the schema has another form than is used here.
pub fn conforms(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    for (keyword, rule) in schema.as_object().expect(SCHEMA) {
        let holds = match keyword.as_str() {
            "$ref" => conforms(document, resolve(document, rule), value).map(|()| true)?,
            "allOf" => rule
                .as_array()
                .expect(SCHEMA)
                .iter()
                .try_for_each(|part| conforms(document, part, value))
                .map(|()| true)?,
            "oneOf" => {
                let parts = rule.as_array().expect(SCHEMA).iter();
                parts.filter(|part| conforms(document, part, value).is_ok()).count() == 1
            }
            "const" => value == rule,
            "enum" => rule.as_array().expect(SCHEMA).contains(value),
            "type" => match rule.as_str().expect(SCHEMA) {
                "object" => named_only(schema, value)?,
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_u64() || value.is_i64(),
                "null" => value.is_null(),
                "boolean" => value.is_boolean(),
                other => panic!("type {other}"),
            },
            "items" => value
                .as_array()
                .into_iter()
                .flatten()
                .try_for_each(|item| conforms(document, rule, item))
                .map(|()| true)?,
            "properties" => rule
                .as_object()
                .expect(SCHEMA)
                .iter()
                .try_for_each(|(name, rule)| match value.get(name) {
                    Some(member) => conforms(document, rule, member)
                        .map_err(|problem| format!("{name}: {problem}")),
                    None => Ok(()),
                })
                .map(|()| true)?,
            "required" => rule
                .as_array()
                .expect(SCHEMA)
                .iter()
                .all(|name| value.get(name.as_str().expect(SCHEMA)).is_some()),
            "additionalProperties" => rule.is_boolean(),
            other => NOT_CHECKED.contains(&other),
        };
        if !holds {
            return Err(format!("{keyword} {rule} does not hold for {value}"));
        }
    }
    Ok(())
}

/// What a reference of the document points at; anything else is itself.
///
/// # Panics
///
/// If it points at nothing.
pub fn resolved<'a>(document: &'a Value, item: &'a Value) -> &'a Value {
    item.get("$ref").map_or(item, |reference| resolve(document, reference))
}

fn resolve<'a>(document: &'a Value, reference: &Value) -> &'a Value {
    let pointer = reference.as_str().expect(SCHEMA).strip_prefix('#').expect(SCHEMA);
    document.pointer(pointer).unwrap_or_else(|| panic!("{reference} points at nothing"))
}

fn named_only(schema: &Value, value: &Value) -> Result<bool, String> {
    let Some(members) = value.as_object() else { return Ok(false) };
    if schema.get("additionalProperties").is_some_and(|more| *more == true) {
        return Ok(true);
    }
    match members.keys().find(|name| schema["properties"].get(name).is_none()) {
        Some(name) => Err(format!("{name} is not described")),
        None => Ok(true),
    }
}
