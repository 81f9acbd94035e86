"""Who may ask the console for what. A route that has no line here fails the tests."""

from __future__ import annotations

ROLES = dict(
    zip("oscLhna", ("operator", "supervisor", "coordinator", "lawyer", "head_office", "analyst", "admin"), strict=True)
)
# operator · supervisor · coordinator · Lawyer · head office · aNalyst · admin; who has no letter in a line gets 403.
WHO_MAY = """
    GET  /                                            oscLhna
    GET  /pulse                                       oscLhna
    GET  /events                                      oscLhna
    POST /logout                                      oscLhna
    POST /me/language                                 oscLhna
    GET  /me                                          oscLhna
    GET  /me/code                                     oscLhna
    POST /me/code                                     oscLhna
    GET  /me/password                                 oscLhna
    POST /me/password                                 oscLhna
    GET  /me/second-factor                            oscLhna
    POST /me/second-factor                            oscLhna
    POST /me/second-factor/confirm                    oscLhna
    POST /me/sessions/others                          oscLhna
    POST /me/sessions/{session_id}/end                oscLhna
    GET  /desk                                        os--h-a
    GET  /desk/queue                                  os--h-a
    GET  /desk/{item_id}                              os--h-a
    POST /desk/{item_id}/keep                         os----a
    POST /desk/{item_id}/preview                      os----a
    POST /desk/{item_id}/save                         os----a
    POST /desk/{item_id}/unusable                     os----a
    POST /desk/{item_id}/settle                       os----a
    POST /desk/{item_id}/decide                       os----a
    POST /desk/{item_id}/amend                        os----a
    POST /desk/{item_id}/release                      os----a
    POST /desk/{item_id}/count                        os----a
    POST /desk/{item_id}/ask                          os----a
    POST /desk/{item_id}/postpone                     os----a
    POST /desk/{item_id}/hand                         os----a
    POST /desk/{item_id}/escalate                     os----a
    POST /desk/{item_id}/identify                     os----a
    POST /desk/{item_id}/left                         os----a
    POST /desk/{item_id}/verify                       os----a
    POST /desk/undo/{deed_id}                         os----a
    GET  /late                                        osc-h-a
    GET  /late/lines                                  osc-h-a
    POST /late/number/{person_id}                     os----a
    POST /late/{station_id}/{form}/called             os----a
    GET  /late/{station_id}/{form}/{person_id}        osc-h-a
    POST /late/{station_id}/{form}/{person_id}/check  os----a
    POST /late/{station_id}/{form}/{person_id}        os----a
    GET  /team                                        -s----a
    POST /team/{item_id}/give                         -s----a
    GET  /find                                        oscLh-a
    GET  /find/station/{code}                         oscLh-a
    GET  /find/observer/{code}                        oscLh-a
    POST /find/observer/{code}/move                   -s--h-a
    POST /find/observer/{code}/relieve                -s--h-a
    POST /find/observer/{code}/unlink                 -s--h-a
    POST /find/observer/{code}/invite                 -s--h-a
    POST /find/station/{code}/replace                 -s--h-a
    GET  /alerts                                      oscLh-a
    GET  /alerts/cards                                oscLh-a
    GET  /alerts/times                                oscLh-a
    GET  /alerts/times.csv                            oscLh-a
    GET  /alerts/alerts.csv                           oscLh-a
    GET  /alerts/{alert_id:int}                       oscLh-a
    POST /alerts/{alert_id:int}/acknowledge           --cLh-a
    POST /alerts/{alert_id:int}/way                   --cLh-a
    POST /alerts/{alert_id:int}/resolve               --cLh-a
    POST /alerts/{alert_id:int}/false                 --cLh-a
    POST /alerts/sos                                  oscLh-a
    POST /alerts/{alert_id:int}/call                  oscLh-a
    POST /alerts/{alert_id:int}/verify                oscLh-a
    POST /alerts/{alert_id:int}/grade                 -s--h-a
    POST /alerts/{alert_id:int}/merge                 -s--h-a
    POST /alerts/{alert_id:int}/split                 -s--h-a
    GET  /alerts/incidents                            oscLh-a
    GET  /alerts/incidents/published                  oscLh-a
    GET  /alerts/incidents/published.csv              oscLh-a
    GET  /alerts/incidents/{number:int}               oscLh-a
    POST /alerts/incidents/{number:int}               oscLh-a
    POST /alerts/incidents/{number:int}/relate        oscLh-a
    POST /alerts/incidents/{number:int}/unrelate      oscLh-a
    POST /alerts/incidents/{number:int}/publish       ----h-a
    POST /alerts/incidents/{number:int}/withdraw      ----h-a
    GET  /day                                         --c-hna
    GET  /findings                                    ---Lhna
    GET  /findings/charts                             ---Lhna
    GET  /findings/charts/{key}/{name}.{kind}         ---Lhna
    GET  /findings/doubts                             ---Lhna
    POST /findings/doubts                             ----hna
    GET  /findings/protocols                          ---Lhna
    GET  /findings/official                           ---Lhna
    POST /findings/official                           ----h-a
    GET  /findings/official/{upload_id}               ---Lhna
    POST /findings/official/{upload_id}/columns       ----h-a
    POST /findings/official/{upload_id}/take          ----h-a
    POST /findings/official/{upload_id}/forget        ----h-a
    POST /findings/releases                           ----hn-
    POST /findings/releases/{release_id}/sign         ----h-a
    POST /findings/releases/{release_id}/drop         ----hna
    GET  /findings/releases/{number}.json             ---Lhna
    GET  /media/{media_id:int}                        oscLh-a
    GET  /media/{media_id:int}/preview                oscLh-a
    POST /media/{media_id:int}/fetch                  os----a
    GET  /broadcasts                                  -s--h-a
    GET  /broadcasts/new                              -s--h-a
    POST /broadcasts                                  -s--h-a
    POST /broadcasts/preview                          -s--h-a
    GET  /broadcasts/{broadcast_id}                   -s--h-a
    GET  /broadcasts/{broadcast_id}/progress          -s--h-a
    POST /broadcasts/{broadcast_id}/approve           -s--h-a
    POST /broadcasts/{broadcast_id}/pause             -s--h-a
    POST /broadcasts/{broadcast_id}/go-on             -s--h-a
    POST /broadcasts/{broadcast_id}/cancel            -s--h-a
    GET  /import                                      ------a
    POST /import                                      ------a
    GET  /import/{upload_id}                          ------a
    POST /import/{upload_id}/columns                  ------a
    POST /import/{upload_id}/take                     ------a
    POST /import/{upload_id}/forget                   ------a
    GET  /accounts                                    ------a
    GET  /accounts/{account_id}                       ------a
    POST /accounts/{account_id}/revoke                ------a
    POST /accounts/{account_id}/sessions/{session_id}/end ------a
    POST /accounts/{account_id}/password              ------a
    POST /accounts/{account_id}/second-factor         ------a
    POST /accounts/{account_id}/disable               ------a
    POST /accounts/{account_id}/enable                ------a
    GET  /audit                                       ------a
"""


def who_may() -> dict[tuple[str, str], frozenset[str]]:
    """(method, path) → roles."""
    lines = [line.split() for line in WHO_MAY.strip().splitlines()]
    return {
        (method, path): frozenset(ROLES[letter] for letter in roles if letter != "-") for method, path, roles in lines
    }
