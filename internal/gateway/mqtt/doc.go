// Package mqtt is the gateway for devices: MQTT 5 and 3.1.1.
//
// It is a sink, not a broker: devices publish, nobody subscribes. Every message is one event. A message is either a whole CloudEvent (JSON
// with specversion, or MQTT 5 user properties) or plain JSON data, whose attributes come from the topic map.
//
// Its promise is that of all gateways: a PUBACK (QoS 1) or PUBREC (QoS 2) is written only after the event is durable in the log. To hold it the
// publish hook blocks until the log has answered, and with it that one connection's reading; many connections share group commits. A bad
// message is answered with an MQTT 5 reason code; to a 3.1.1 client, which has no such code, it is acknowledged, counted as refused and
// logged, since sending it again would not mend it. When the log does not answer, nothing is acknowledged and the connection is closed,
// so that the device sends again.
package mqtt
