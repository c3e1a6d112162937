// Uploadcare's own JavaScript clients, unchanged, against the sandbox. Arguments: base URL, photo, public and secret key.
import assert from "node:assert/strict";
import fs from "node:fs";
import * as rest from "@uploadcare/rest-client";
import { uploadFile } from "@uploadcare/upload-client";

const [base, photo, publicKey, secretKey] = process.argv.slice(2);
const authSchema = new rest.UploadcareAuthSchema({ publicKey, secretKey });
const settings = { apiBaseURL: base, authSchema };
const baseURL = base.replace(/\/$/, "");
const hook = "http://127.0.0.1:9/hook";

const content = fs.readFileSync(photo);
const file = await uploadFile(content, { publicKey, store: false, baseURL, baseCDN: baseURL, fileName: "a cup.jpg" });
assert.equal(file.originalFilename, "a cup.jpg");
assert.equal(file.isStored, false);
await assert.rejects(uploadFile(content, { publicKey: "nobody", baseURL }), { code: "ProjectPublicKeyInvalidError" });

assert.equal((await rest.fileInfo({ uuid: file.uuid }, settings)).mimeType, "image/jpeg");
const simple = new rest.UploadcareSimpleAuthSchema({ publicKey, secretKey });
assert.equal((await rest.fileInfo({ uuid: file.uuid }, { ...settings, authSchema: simple })).uuid, file.uuid);
await assert.rejects(rest.fileInfo({ uuid: "575ed4e8-f4e8-4c14-a58b-1527b6d9ee46" }, settings), { status: 404 });
await assert.rejects(rest.executeAddon({ addonName: "remove_bg", target: "x", params: {} }, settings), /valid UUID/);

const params = { type: "product", type_level: "1" };
const job = { addonName: "remove_bg", target: file.uuid, params, pollOptions: { interval: 50 } };
const removal = await rest.addonJobPoller(job, settings);
assert.deepEqual([removal.error, removal.result.data.foreground_type], [false, "product"]);

const pages = await rest.paginate(rest.listOfFiles)({ limit: 1, ordering: "-datetime_uploaded" }, settings);
const names = [];
for await (const page of pages) names.push(...page.results.map((result) => result.originalFilename));
assert.deepEqual(names.slice(0, 2), ["a cup.png", "a cup.jpg"]);

const webhook = await rest.createWebhook({ targetUrl: hook, event: "file.uploaded", isActive: true }, settings);
await assert.rejects(rest.createWebhook({ targetUrl: hook, event: "file.uploaded", isActive: true }, settings));
assert.equal((await rest.updateWebhook({ id: webhook.id, isActive: false }, settings)).isActive, false);
await rest.deleteWebhook({ targetUrl: hook }, settings);
assert.deepEqual(await rest.listOfWebhooks({}, settings), []);

assert.ok((await rest.storeFiles({ uuids: [file.uuid] }, settings)).result[0].datetimeStored);
assert.ok((await rest.deleteFiles({ uuids: [file.uuid] }, settings)).result[0].datetimeRemoved);
