// Uploadcare's own JavaScript clients, unchanged, against the sandbox. Arguments: base URL, photo, public and secret key.
import assert from "node:assert/strict";
import fs from "node:fs";
import * as rest from "@uploadcare/rest-client";
import { fromUrl, fromUrlStatus, groupInfo, uploadFile, uploadFileGroup } from "@uploadcare/upload-client";

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

// In parts: a file over 10 MB, byte for byte.
const big = Buffer.alloc(11 * 1024 * 1024, "cutout ");
const upload = { publicKey, baseURL, baseCDN: baseURL };
const parts = { multipartMinFileSize: 10 * 1024 * 1024, contentType: "application/octet-stream", fileName: "big.bin" };
const large = await uploadFile(big, { ...upload, ...parts, store: true, metadata: { pet: "cat" }, tags: ["red"] });
assert.deepEqual([large.size, large.metadata.pet], [big.length, "cat"]);
assert.deepEqual(Buffer.from(await (await fetch(`${base}${large.uuid}/`)).arrayBuffer()).equals(big), true);

// From an address: this sandbox's own.
const asked = await fromUrl(`${base}${file.uuid}/cup.jpg`, { ...upload, store: false });
let fetched = { status: "waiting" };
while (["waiting", "progress"].includes(fetched.status)) fetched = await fromUrlStatus(asked.token, upload);
assert.deepEqual([fetched.status, fetched.size], ["success", content.length]);
const refused = { code: "URLHostPrivateIPForbiddenError" };
await assert.rejects(fromUrl("http://169.254.169.254/latest/", upload), refused);

// Groups, by both clients.
const group = await uploadFileGroup([file.uuid, large.uuid], upload);
assert.deepEqual([group.filesCount, group.files.length], [2, 2]);
assert.equal((await groupInfo(group.uuid, upload)).filesCount, 2);
assert.equal((await rest.groupInfo({ uuid: group.uuid }, settings)).files[1].uuid, large.uuid);
assert.ok((await rest.listOfGroups({ limit: 5 }, settings)).results.some((one) => one.id === group.uuid));
await rest.deleteGroup({ uuid: group.uuid }, settings);

// Labels and copies.
assert.equal(await rest.updateMetadata({ uuid: file.uuid, key: "pet", value: "dog" }, settings), "dog");
assert.deepEqual(await rest.getMetadata({ uuid: file.uuid }, settings), { pet: "dog" });
await rest.deleteMetadata({ uuid: file.uuid, key: "pet" }, settings);
const copied = await rest.copyFileToLocalStorage({ source: file.uuid, store: true }, settings);
assert.equal(copied.result.size, content.length);
const away = rest.copyFileToRemoteStorage({ source: file.uuid, target: "bucket" }, settings);
await assert.rejects(away, /no storage/);
const paths = [`${file.uuid}/document/-/format/pdf/`];
await assert.rejects(rest.convert({ type: "document", paths }, settings), /not available for this project/);
await rest.deleteFiles({ uuids: [large.uuid, fetched.uuid, copied.result.uuid] }, settings);

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
