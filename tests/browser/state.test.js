/**
 * The desk's pure modules, without a browser.
 */
import assert from "node:assert/strict";
import {describe, test} from "node:test";
import {readdirSync, readFileSync} from "node:fs";
import {DeskState, typistsOf} from "../../crates/server/web/modules/desk-state.js";
import {clockText, dateText, latencyText} from "../../crates/server/web/modules/duration.js";
import {CALL, isPossible, MEDIA, resourceOf, resourcesOf, SMS, transcriptIdOf} from "../../crates/server/web/modules/media.js";
import {compareUserData, jsonObject, valueAsJson} from "../../crates/server/web/modules/user-data.js";

const call = (id, userData, more = {}) =>
    ({id, state: "Established", capabilities: ["Hangup"], duration: "3", ...(userData ? {userData} : {}), ...more});
const event = (resource) => ({messageType: "CallStateChangeMessage", notificationType: "AttachedDataChanged", call: resource});
const calls = (...resources) => resources.map((resource) => ({medium: CALL, resource}));

describe("media", () => {
    test("no two rows share what tells them apart", () => {
        for (const [what, told] of Object.entries({
            key: ({key}) => key, word: ({word}) => word, subresource: ({subresource}) => subresource, lists: ({lists}) => lists,
            members: ({members}) => members, stateMessage: ({stateMessage}) => stateMessage, collection: ({collection}) => collection({mediaType: "fax"}),
            paths: ({transcript}) => transcript?.paths ?? [], customer: ({customer}) => customer ?? [],
        })) {
            const all = MEDIA.flatMap(told);
            assert.equal(new Set(all).size, all.length, what);
        }
    });

    test("every conversation the gateway's tests hold is of the medium it is in, and asked for where it is", () => {
        const golden = new URL("../../crates/gateway/tests/golden/media/", import.meta.url);
        const heard = new Set();
        for (const name of readdirSync(golden)) {
            let known = null;
            for (const line of readFileSync(new URL(name, golden), "utf8").split("\n")) {
                const [, json] = /^> \S+ \S+ (.*)$/.exec(line) ?? [];
                if (json) {
                    const data = JSON.parse(json);
                    const found = resourceOf(data);
                    assert.ok(found || transcriptIdOf(data) === "ID", `${name}: ${line}`);
                    known = found ?? known;
                    heard.add(known.medium);
                    assert.ok(known.medium.title({resource: known.resource, transcript: []}), `${name}: ${line}`);
                }
                const [, path, body] = /^\S+ POST \/api\/v2\/me\/(\S+)\/ID (.*)$/.exec(line) ?? [];
                if (path) {
                    assert.equal(path, known.medium.collection(known.resource), `${name}: ${line}`);
                    const {operationName, ...parameters} = JSON.parse(body);
                    if (operationName === known.medium.deletes.name) {
                        assert.deepEqual(Object.keys(parameters), [known.medium.deletes.by], `${name}: ${line}`);
                    }
                }
            }
        }
        const keys = (media) => [...media].map(({key}) => key).sort();
        assert.deepEqual(keys(heard), keys(MEDIA.filter((medium) => medium !== CALL)), "each of them");
    });

    test("what no server lists is possible where its companion is", () => {
        const link = {name: "SendUrl", listedAs: "SendMessage"};
        assert.equal(isPossible(link, new Set(["SendMessage"])), true);
        assert.equal(isPossible(link, new Set(["SendUrl"])), true);
        assert.equal(isPossible(link, new Set(["Complete"])), false);
        assert.equal(isPossible({name: "Leave"}, new Set()), false);
    });

    test("either spelling of the SMS names is understood", () => {
        for (const member of ["smsession", "smssession"]) {
            const found = resourceOf({messageType: "SMSsessionStateChangeMessage", [member]: {id: "1"}});
            assert.deepEqual([found.medium, found.resource.id], [SMS, "1"]);
            assert.equal(transcriptIdOf({messageType: "MessageLogUpdated", [`${member}Path`]: `/${member}s/0000Wa9CAM6W00J`}), "0000Wa9CAM6W00J");
            assert.deepEqual(resourcesOf({[`${member}s`]: [{id: "1"}]}), [{medium: SMS, resource: {id: "1"}}]);
        }
    });

    test("what is of no medium is nobody's", () => {
        assert.equal(resourceOf({messageType: "DeviceStateChangeMessage", devices: []}), null);
        assert.equal(resourceOf({messageType: "CallStateChangeMessage"}), null);
        assert.equal(transcriptIdOf({messageType: "CallStateChangeMessage", smsessionPath: "/smsessions/1"}), null);
        assert.equal(transcriptIdOf({messageType: "MessageLogUpdated"}), null);
        assert.deepEqual(resourcesOf({devices: [{id: "1"}]}), []);
    });
});

describe("user data", () => {
    test("added, changed and removed keys are told apart, equal ones are left out", () => {
        const changes = compareUserData({a: "1", b: {c: 1}, d: 1}, {a: "1", b: {c: 2}, e: null});
        assert.deepEqual([...changes].map(([key, {kind}]) => [key, kind]), [["b", "changed"], ["e", "added"], ["d", "removed"]]);
    });

    test("type of a value counts", () => {
        assert.equal(compareUserData({a: "1"}, {a: 1}).get("a")?.kind, "changed");
    });

    test("JSON values reach the server digit for digit", () => {
        assert.equal(jsonObject([["a", valueAsJson(" 1.10 ", "json")], ["b", valueAsJson("9223372036854775808", "json")]]),
            '{"a":1.10,"b":9223372036854775808}');
        assert.equal(valueAsJson("1.10", "text"), '"1.10"');
        assert.throws(() => valueAsJson("{oops", "json"), SyntaxError);
    });
});

describe("durations", () => {
    test("read as a clock", () => {
        assert.deepEqual([-5, 7_900, 760_000, 3_723_000].map(clockText), ["0:00", "0:07", "12:40", "1:02:03"]);
        assert.match(dateText("2026-11-22 14:14:58.822+0000"), /2026/);
        assert.equal(dateText("2026-11-22 14:14:58.822+0000"), dateText("2026-11-22 15:14:58.822+0100"));
        assert.deepEqual(["soon", undefined].map(dateText), ["soon", undefined]);
        assert.deepEqual([0.84, 12.4, 1400].map(latencyText), ["0.8 ms", "12 ms", "1.4 s"]);
    });
});

describe("desk state", () => {
    test("whole resource replaces the one before and says what changed", () => {
        const state = new DeskState();
        state.applyNotification(event(call("1")), 10_000);
        const interaction = state.applyNotification(event(call("1", {AccountNumber: "12345"})), 10_500);
        assert.equal(interaction.changes.get("AccountNumber").kind, "added");
        assert.equal(interaction.changeNumber, 1);
        assert.equal(interaction.startedAt, 7_000, "whole seconds do not make the clock jump");
        const after = state.applyNotification(event(call("1")), 11_000);
        assert.equal(after.changes.get("AccountNumber").kind, "removed");
    });

    test("event during a snapshot beats the snapshot", () => {
        const state = new DeskState();
        state.beginSnapshot();
        state.applyNotification(event(call("1", {a: "new"})), 0);
        state.applySnapshot(calls(call("1", {a: "old"}), call("2")), 0);
        assert.deepEqual(state.get("1").resource.userData, {a: "new"});
        assert.equal(state.get("2").endedAt, null);
    });

    test("call that began after the snapshot was taken is not taken for ended", () => {
        const state = new DeskState();
        state.beginSnapshot();
        state.applyNotification(event(call("1")), 0);
        state.applySnapshot([], 0);
        assert.equal(state.get("1").endedAt, null);
    });

    test("call that is gone from the snapshot has ended while nobody looked", () => {
        const state = new DeskState();
        state.applyNotification(event(call("1")), 0);
        state.beginSnapshot();
        state.applySnapshot([], 5_000);
        assert.equal(state.get("1").endedAt, 5_000);
        assert.equal(state.get("1").endedUnseen, true);
        assert.deepEqual(state.get("1").resource.capabilities, []);
    });

    test("ended calls stay last, and only a few of them", () => {
        const state = new DeskState();
        for (const id of ["1", "2", "3", "4", "5"]) {
            state.applyNotification(event(call(id, undefined, {state: "Released", capabilities: []})), Number(id) * 1000);
        }
        state.applyNotification(event(call("6")), 0);
        assert.deepEqual(state.list().map(({id}) => id), ["6", "5", "4", "3"]);
        state.dismiss("6");
        state.dismiss("5");
        assert.deepEqual(state.list().map(({id}) => id), ["6", "4", "3"]);
    });

    test("both spellings of SMS sessions are read, and each message once", () => {
        for (const key of ["smsession", "smssession"]) {
            const state = new DeskState();
            state.applyNotification({messageType: "SMSsessionStateChangeMessage", [key]: {id: "s", state: "Chatting", capabilities: []}}, 0);
            const log = (messages) => state.applyNotification({messageType: "MessageLogUpdated", [`${key}Path`]: `/${key}s/s`, messages}, 0);
            log([{index: 2, type: "Text", text: "b"}]);
            log([{index: 1, type: "Text", text: "a"}, {index: 2, type: "Text", text: "b"}]);
            assert.deepEqual(state.get("s").transcript.map(({text}) => text), ["a", "b"]);
        }
    });

    test("who is writing is told until it is written, given up or long ago, and is no line of the conversation", () => {
        const state = new DeskState();
        state.applyNotification({messageType: "ChatStateChangeMessage", chat: {id: "c", state: "Chatting", capabilities: []}}, 0);
        const pat = {nickname: "Pat", type: "Customer", participantId: "1"};
        const told = (at, ...messages) => state.applyNotification({messageType: "MessageLogUpdated", chatPath: "/chats/c", messages}, at);
        const typing = (at) => typistsOf(state.get("c"), at);
        told(0, {index: 1, type: "TypingStarted", from: pat});
        told(0, {index: 1, type: "TypingStarted", from: {...pat, nickname: "Bob", participantId: "2"}});
        assert.deepEqual(typing(1), ["Pat", "Bob"]);
        told(2, {index: 1, type: "Text", text: "a", from: pat});
        assert.deepEqual(typing(3), ["Bob"]);
        told(4, {index: 2, type: "TypingStopped", from: {participantId: "2"}});
        assert.deepEqual(typing(5), []);
        assert.deepEqual(state.get("c").transcript.map(({index, type}) => [index, type]), [[1, "Text"]]);
        told(6, {index: 2, type: "TypingStarted", from: pat});
        assert.deepEqual(typing(60_000), [], "long ago");
        state.applyNotification({messageType: "ChatStateChangeMessage", chat: {id: "c", state: "Completed", capabilities: []}}, 7);
        assert.deepEqual(typing(8), [], "over");
    });

    test("what comes back after it was given away lives again", () => {
        const state = new DeskState();
        const email = (now, current) => state.applyNotification({messageType: "EmailStateChangeMessage", email: {id: "e", state: current, capabilities: []}}, now);
        email(0, "Processing");
        assert.equal(email(1, "Completed").endedAt, 1);
        assert.equal(email(2, "Invited").endedAt, null);
        assert.equal(email(3, "Revoked").endedAt, 3);
    });

    test("messages about other things are left alone", () => {
        const state = new DeskState();
        assert.equal(state.applyNotification({messageType: "DeviceStateChangeMessage", devices: []}, 0), null);
        assert.equal(state.applyNotification({messageType: "MessageLogUpdated", messages: []}, 0), null);
        assert.equal(state.applyNotification({event: "EventAttachedDataChanged"}, 0), null);
        assert.deepEqual(state.list(), []);
    });
});
