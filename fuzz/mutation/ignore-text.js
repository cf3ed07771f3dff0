// A plugin of Stryker's: what an error says is for people. Tests assert its code, so another text is no other behaviour.

/** Functions of ours whose arguments are words of an error, or its class and nothing else. */
const speaking = new Set(['fail', 'refuse', 'refuseOlder', 'verifyThreshold', 'checkBytes', 'of']);

function speaks(node) {
  if (node.type === 'NewExpression') return node.callee.name?.endsWith('Error') === true;
  if (node.type !== 'CallExpression') return false;
  const { callee } = node;
  return speaking.has(callee.type === 'MemberExpression' ? callee.property.name : callee.name);
}

const text = {
  shouldIgnore(path) {
    const words = path.node.type === 'StringLiteral' || path.node.type === 'TemplateLiteral';
    const spoken = path.findParent((parent) => speaks(parent.node)) !== null;
    if (words && spoken) return 'the text of an error';
    const clipped = path.node.type === 'CallExpression' && path.node.callee.property?.name === 'slice';
    return clipped && spoken ? 'how much an error quotes' : undefined;
  },
};

export const strykerPlugins = [{ kind: 'Ignore', name: 'text', value: text }];
