"""The log of an App's webhook deliveries, and sending one again."""

import json

from bot.simulated.github.deliveries import Delivery
from bot.simulated.github.platform import stamp
from bot.simulated.github.refusals import not_found
from bot.simulated.github.rest.endpoints import Answer, Call, Family, Json

family = Family()


@family.on("GET", "/app/hook/deliveries")
async def list_deliveries(call: Call) -> Answer:
    """List the attempts of the last three days, newest first, by a cursor."""
    found = call.world.queue.redeliverable(call.itself)
    if call.query.get("status") in ("success", "failure"):
        wanted = call.query["status"] == "success"
        found = [delivery for delivery in found if delivery.succeeded is wanted]
    size = min(max(1, int(call.query.get("per_page", "30"))), 100)
    if cursor := call.query.get("cursor"):
        found = [delivery for delivery in found if delivery.id < int(cursor.removeprefix("v1_"))]
    shown = found[:size]
    headers = {}
    if len(found) > size:
        query = f"per_page={size}&cursor=v1_{shown[-1].id}"
        headers["Link"] = f'<{call.url}?{query}>; rel="next"'
    return Answer([delivery_json(delivery) for delivery in shown], headers=headers)


@family.on("GET", "/app/hook/deliveries/{delivery_id}")
async def get_delivery(call: Call) -> Answer:
    """Get one attempt with what was sent and what was answered."""
    delivery = _delivery(call)
    body = delivery.response_body or None
    return Answer(
        {
            **delivery_json(delivery),
            "url": delivery.parcel.url,
            "request": {
                "headers": delivery.parcel.headers,
                "payload": json.loads(delivery.parcel.body),
            },
            "response": {"headers": delivery.response_headers, "payload": body},
        }
    )


@family.on("POST", "/app/hook/deliveries/{delivery_id}/attempts")
async def redeliver(call: Call) -> Answer:
    """Send a delivery once more, with its old GUID."""
    call.world.queue.put(_delivery(call).parcel, redelivery=True)
    return Answer({}, 202)


def delivery_json(delivery: Delivery) -> Json:
    """Return an attempt as the list shows it."""
    parcel = delivery.parcel
    return {
        "id": delivery.id,
        "guid": parcel.guid,
        "delivered_at": stamp(delivery.delivered_at),
        "redelivery": delivery.redelivery,
        "duration": delivery.duration,
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": parcel.event,
        "action": parcel.action,
        "installation_id": parcel.installation.id if parcel.installation else None,
        "repository_id": parcel.repository_id,
        "throttled_at": None,
    }


def _delivery(call: Call) -> Delivery:
    wanted = call.number("delivery_id")
    for delivery in call.world.queue.redeliverable(call.itself):
        if delivery.id == wanted:
            return delivery
    raise not_found()
