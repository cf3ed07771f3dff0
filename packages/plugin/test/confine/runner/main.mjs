export async function runner({ channel, load }) {
  const plugin = await load();
  channel.onMessage(async ({ value, bytes }) => {
    try {
      channel.send({ value: await plugin.call(value, bytes) }, bytes ?? undefined);
    } catch (error) {
      channel.send({ failed: String(error), code: error.code });
    }
  });
}
