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
    rules_hold(document, schema, value)?;
    if schema.get("type").is_some() {
        return Ok(());
    }
    // Without a type nothing above has looked at members that have no rule. What parts of an `allOf`
    // describe is described, whichever part it is.
    let described = described(document, schema);
    match value
        .as_object()
        .zip(described)
        .and_then(|(value, names)| value.keys().find(|name| !names.contains(&name.as_str())))
    {
        Some(name) => Err(format!("{name} is not described")),
        None => Ok(()),
    }
}

/// The members that a schema names, itself or by its parts. `None` where it names none, or allows others.
fn described<'a>(document: &'a Value, schema: &'a Value) -> Option<Vec<&'a str>> {
    let schema = resolved(document, schema);
    if schema.get("additionalProperties").is_some_and(|more| *more == true) {
        return None;
    }
    let own = schema.get("properties").and_then(Value::as_object);
    let mut names: Vec<&str> =
        own.into_iter().flat_map(|own| own.keys()).map(String::as_str).collect();
    let parts = schema.get("allOf").and_then(Value::as_array);
    if own.is_none() && parts.is_none() {
        return None;
    }
    for part in parts.into_iter().flatten() {
        let part = resolved(document, part);
        // A part that only narrows names nothing; one that is open leaves the whole open.
        if part.get("properties").or_else(|| part.get("allOf")).is_some() {
            names.extend(described(document, part)?);
        }
    }
    Some(names)
}

/// Whether each keyword of a schema holds.
fn rules_hold(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    for (keyword, rule) in schema.as_object().expect(SCHEMA) {
        let holds = match keyword.as_str() {
            "$ref" => conforms(document, resolve(document, rule), value).map(|()| true)?,
            "allOf" => rule
                .as_array()
                .expect(SCHEMA)
                .iter()
                .try_for_each(|part| rules_hold(document, part, value))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(schema: &Value, value: &Value) -> Option<String> {
        let document = json!({"schemas": {"A": {"type": "object", "required": ["a"],
            "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}}});
        conforms(&document, schema, value).err()
    }

    #[test]
    fn what_is_described_conforms() {
        let reference = json!({"$ref": "#/schemas/A"});
        for (schema, value) in [
            (reference.clone(), json!({"a": "x"})),
            (
                json!({"allOf": [reference, {"properties": {"b": {"enum": [1, 2]}}}]}),
                json!({"a": "x", "b": 2}),
            ),
            (json!({"properties": {"c": {}}}), json!({"c": [1]})),
            (json!({"properties": {"c": {}}}), json!("no object, which no rule forbids")),
            (json!({"properties": {"c": {}}, "additionalProperties": true}), json!({"d": 1})),
            (json!({"type": "array", "items": {"type": "null"}}), json!([null, null])),
            (json!({"oneOf": [{"const": 1}, {"const": 2}]}), json!(2)),
            (json!({}), json!({"anything": 1})),
        ] {
            assert_eq!(problem(&schema, &value), None, "{schema} {value}");
        }
    }

    #[test]
    fn what_is_not_described_is_found_with_or_without_a_type() {
        let reference = json!({"$ref": "#/schemas/A"});
        for (schema, value, said) in [
            (reference.clone(), json!({"a": "x", "c": 1}), "c is not described"),
            (reference.clone(), json!({"b": 1}), "required"),
            (reference.clone(), json!({"a": 1}), "a: type"),
            (json!({"properties": {"c": {}}}), json!({"c": 1, "d": 1}), "d is not described"),
            (
                json!({"allOf": [{"properties": {"c": {}}}, {"properties": {"d": {}}}]}),
                json!({"c": 1, "d": 2, "e": 3}),
                "e is not described",
            ),
            (
                json!({"allOf": [reference, {"properties": {"b": {"const": 1}}}]}),
                json!({"a": "x", "b": 2}),
                "const",
            ),
            (json!({"properties": {"c": {"properties": {}}}}), json!({"c": {"x": 1}}), "x is not"),
            (json!({"oneOf": [{"const": 1}, {"enum": [1, 2]}]}), json!(1), "oneOf"),
            (json!({"minItems": 1}), json!([]), "minItems"),
            (json!({"type": "integer"}), json!(1.5), "type"),
        ] {
            let problem = problem(&schema, &value).unwrap_or_else(|| panic!("{schema} {value}"));
            assert!(problem.contains(said), "{schema} {value}: {problem}");
        }
    }
}
