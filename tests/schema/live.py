"""Calls and interactions of the user who asks, brought into the state that an operation needs.

There is one of each at a time: what was there before is ended, so that no bound is reached.
"""

from server import USER, ask

DN = "15009"
# Who is asked to take over and to join.
OTHER = "bob"
OUTSIDE = {"phoneNumber": "+15550188"}
TRANSFER = {"operationName": "InitiateTransfer", "destination": OUTSIDE}
CONFERENCE = {"operationName": "InitiateConference", "destination": OUTSIDE}
JOIN = {"operationName": "SingleStepConference", "destination": {"phoneNumber": "15002"}}

# What is done on a call that rings before the operation is tried; where nothing is said: answered.
CALL_BEFORE = {
    "Answer": [],
    "Retrieve": ["Answer", "Hold"],
    "SwapCalls": ["Answer", TRANSFER],
    "CompleteTransfer": ["Answer", TRANSFER],
    "CompleteConference": ["Answer", CONFERENCE],
    "RemoveParticipantFromConference": ["Answer", JOIN],
    "StopCallRecording": ["Answer", "StartCallRecording"],
    "PauseCallRecording": ["Answer", "StartCallRecording"],
    "ResumeCallRecording": ["Answer", "StartCallRecording", "PauseCallRecording"],
}
# The same of an interaction that is offered.
INTERACTION_BEFORE = {"Accept": [], "Reject": [], "PullFromWorkbin": ["Accept", "PlaceInWorkbin"]}
# The medium of each collection whose name is not one with an `s`.
MEDIA = {
    "smsessions": "sms",
    "smssessions": "sms",
    "openmedia": "openmedia",
    "im-sessions": "im",
    "facebooksession": "facebook",
    "facebooksessions": "facebook",
    "twitter": "twitter",
    "twitters": "twitter",
}


class Live:
    def __init__(self, url):
        self._url = url
        self.consultation = "none"
        self._interactions = {}
        _, document = ask(f"{url}/openapi.json")
        schemas = document["components"]["schemas"]
        named = (schema.get("properties", {}).get("operationName") for schema in schemas.values())
        self.operations = {name["const"] for name in named if name}

    def id_for(self, path, operation):
        """What stands for `{id}` in a path, for this operation or for a GET."""
        if "channels" in path:
            self._operate("me", {"operationName": "StartContactCenterSession", "channels": ["voice"]})
            return "voice"
        if "devices" in path:
            self._end_calls()
            return DN
        return self._call(operation) if "calls" in path else self._interaction(path, operation)

    def _call(self, operation):
        self._end_calls()
        for setting in ("DoNotDisturbOff", "ForwardCallsOff"):
            self._operate(f"me/devices/{DN}", setting)
        call = self._simulate("calls", {"to": DN, "from": "+15550100"})["id"]
        for step in CALL_BEFORE.get(operation, ["Answer"]):
            self._operate(f"me/calls/{call}", step)
        if operation in ("SwapCalls", "CompleteTransfer", "CompleteConference"):
            self.consultation = next(other for other in self._calls() if other != call)
            self._simulate(f"calls/{self.consultation}", {"operationName": "Answer"})
        return call

    def _interaction(self, path, operation):
        collection = path.removeprefix("/api/v2/").removeprefix("me/").split("/")[0]
        medium = MEDIA.get(collection, collection.removesuffix("s"))
        place = "me/openmedia/openmedia" if medium == "openmedia" else f"me/{collection}"
        if medium in self._interactions:
            old = f"{place}/{self._interactions[medium]}"
            # Who was asked does not want it, so it comes back.
            ask(f"{self._url}/api/v2/{old}", "POST", {"operationName": "Reject"}, OTHER)
            for step in ("Accept", "PullFromWorkbin", "Complete"):
                self._ask("POST", old, {"operationName": step})
        offer = {"medium": medium, "to": USER, "from": "+15550100", "text": "Where is my order?"}
        self._interactions[medium] = self._simulate("interactions", offer)["id"]
        for step in INTERACTION_BEFORE.get(operation, ["Accept"]):
            self._operate(f"{place}/{self._interactions[medium]}", step)
        return self._interactions[medium]

    def _calls(self):
        return [call["id"] for call in self._ask("GET", "me/calls?fields=id")[1]["calls"]]

    def _end_calls(self):
        for call in self._calls():
            # One may have ended with another.
            self._ask("POST", f"me/calls/{call}", {"operationName": "ClearCall"})

    def _operate(self, path, step):
        body = {"operationName": step} if isinstance(step, str) else step
        status, answer = self._ask("POST", path, body)
        if status != 200:
            raise RuntimeError(f"{body} at {path}: {answer}")

    def _ask(self, method, path, body=None):
        return ask(f"{self._url}/api/v2/{path}", method, body)

    def _simulate(self, path, body):
        status, answer = ask(f"{self._url}/sim/v1/{path}", "POST", body)
        if status != 200:
            raise RuntimeError(f"{body} at {path}: {answer}")
        return answer
