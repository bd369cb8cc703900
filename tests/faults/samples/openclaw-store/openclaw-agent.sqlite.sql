BEGIN TRANSACTION;
CREATE TABLE transcript_events (session_id, seq, event_json, created_at);
INSERT INTO "transcript_events" VALUES('S9',0,'{"type": "session", "version": 3, "id": "S9", "timestamp": "2026-01-05T08:59:00.000Z", "cwd": "/home/ana/notes"}',0);
INSERT INTO "transcript_events" VALUES('S9',1,'{"type": "message", "id": "a1b2c3d4", "timestamp": "2026-01-05T09:00:01Z", "message": {"role": "assistant", "content": [{"type": "text", "text": "SECRET"}], "api": "anthropic-messages", "provider": "anthropic", "model": "claude-opus-4-5", "usage": {"input": 10, "output": 140, "cacheRead": 2000, "cacheWrite": 300, "totalTokens": 2450, "cost": {"input": 3e-05, "output": 0.003, "total": 0.012345}}, "timestamp": 1767603600000}}',0);
INSERT INTO "transcript_events" VALUES('S8',0,'{"type": "session", "version": 3, "id": "S8", "timestamp": "2026-01-05T08:59:00.000Z", "cwd": "/home/ana/notes"}',0);
INSERT INTO "transcript_events" VALUES('S8',1,'{"type": "message", "id": "a1b2c3d4", "timestamp": "2026-01-05T09:00:01Z", "message": {"role": "assistant", "content": [{"type": "text", "text": "SECRET"}], "api": "anthropic-messages", "provider": "anthropic", "model": "claude-opus-4-5", "usage": {"input": 10, "output": 140, "cacheRead": 2000, "cacheWrite": 300, "totalTokens": 2450, "cost": {"input": 3e-05, "output": 0.003, "total": 0.012345}}, "timestamp": 1767603600001}}',0);
COMMIT;
