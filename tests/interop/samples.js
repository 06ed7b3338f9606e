// The documented notifications, repaired where the printed pages do not parse, as golden values.
//
// What differs from run to run (ids, addresses, the host) is filled in; everything else, member sets
// and JSON types included, is compared strictly. Sources: GWS "AttachUserData" and "UpdateUserData"
// of the Voice API, "AttachUserData" of the SMS Session API, Voice Microservices "Handling user data".

/** The call as its caller sees it: the sample of the Voice API. */
export function callerView({ url, call, device, connId, duration }, userData) {
  return withUserData(
    {
      notificationType: "AttachedDataChanged",
      call: {
        id: call,
        state: "Dialing",
        callUuid: call,
        connId,
        deviceUri: `${url}/api/v2/devices/${device}`,
        participants: [
          { e164Number: "", formattedPhoneNumber: "15001", phoneNumber: "15001", digits: "15001" },
        ],
        dnis: "15001",
        callType: "Internal",
        capabilities: [
          "UpdateUserData",
          "SendDtmf",
          "AttachUserData",
          "DeleteUserDataPair",
          "DeleteUserData",
          "Hangup",
        ],
        duration,
        mute: "Off",
        supervisorListeningIn: false,
        monitoredUserMuted: false,
        monitoring: false,
        uri: `${url}/api/v2/me/calls/${call}`,
        path: `/calls/${call}`,
      },
      phoneNumber: "15000",
      messageType: "CallStateChangeMessage",
    },
    userData,
  );
}

/** The same call as the other party sees it. */
export function calleeView(names, userData) {
  const sample = callerView(names, userData);
  sample.phoneNumber = "15001";
  sample.call.state = "Ringing";
  sample.call.participants = [
    { e164Number: "", formattedPhoneNumber: "15000", phoneNumber: "15000", digits: "15000" },
  ];
  sample.call.capabilities = [
    "Answer",
    "UpdateUserData",
    "DeleteUserData",
    "DeleteUserDataPair",
    "AttachUserData",
  ];
  return sample;
}

/** Without any pair the member is missing: GWS "DeleteUserData". */
function withUserData(sample, userData) {
  if (userData !== undefined) sample.call.userData = userData;
  return sample;
}

/** The user data of the SMS sample before the agent attaches his own. */
export const SMS_USER_DATA = {
  IdentifyCreateContact: "3",
  RTargetTypeSelected: "2",
  RTargetObjectSelected: "Chat distribution for processing",
  RVQID: "",
  ChatServerAppName: "es_chat",
  "PegAGChat distribution for processing": 1,
  RTargetObjSelDBID: "115",
  ChatServerPort: "7160",
  "CBR-Interaction_cost": "",
  RTargetAgentSelected: "12345",
  RTargetPlaceSelected: "a1",
  RTenant: "Environment",
  RRequestedSkills: null,
  CustomerSegment: "default",
  ServiceObjective: 0,
  DISP_KEY: "resolved",
  Subject: "Customer support",
};

/** An SMS session while the agent chats: the sample of the SMS Session API. */
export function smsView({ url, id, referenceId, customer, agent }, userData) {
  return {
    referenceId,
    smsession: {
      userData,
      state: "Chatting",
      capabilities: [
        "Transfer",
        "Leave",
        "Invite",
        "Consult",
        "SetInFocus",
        "SetDisposition",
        "AttachUserData",
        "DeleteUserData",
        "UpdateUserData",
        "Complete",
        "SendMessage",
        "SendStartTypingNotification",
        "SendStopTypingNotification",
      ],
      uri: `${url}/api/v2/smsessions/${id}`,
      participants: [
        { nickname: "test_consult_clientL", type: "Customer", participantId: customer },
        { nickname: "TestName", type: "Agent", participantId: agent },
      ],
      id,
    },
    notificationType: "PropertiesUpdated",
    messageType: "SMSsessionStateChangeMessage",
  };
}

/** A copy of EventAttachedDataChanged; a requester who is no party has no `thisDN`. */
export function attachedDataChanged({ call, connId, time }, thisDN, thirdPartyDN, userData) {
  const event = { event: "EventAttachedDataChanged", connId };
  if (thisDN !== undefined) event.thisDN = thisDN;
  return { ...event, thirdPartyDN, callUuid: call, userData, time };
}
